// Says every twenty seconds, while the page is in sight, that somebody is here: the form with
// data-presence gets the event "present", and its hx-post tells the server whether they write, and
// whether they have moved since, which keeps their claim.
const every = 20_000;
let moved = Date.now();
let wrote = 0;

for (const kind of ["pointerdown", "keydown", "scroll"]) {
  addEventListener(kind, () => { moved = Date.now(); }, { capture: true, passive: true });
}
addEventListener("input", (event) => {
  if (event.target.matches("textarea[data-draft]")) wrote = Date.now();
}, true);

const lately = (at) => Date.now() - at < 2 * every;

function present() {
  const form = document.querySelector("[data-presence]");
  if (!form || document.hidden) return;
  form.elements.kind.value = lately(wrote) ? "writing" : "reading";
  form.elements.moved.value = lately(moved) ? "yes" : "";
  form.dispatchEvent(new CustomEvent("present"));
}

setTimeout(present, 1000);
setInterval(present, every);
document.addEventListener("visibilitychange", present);
