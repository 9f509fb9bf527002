// A draft (textarea[data-draft=KEY]) is saved by the server when typing pauses. What the server has
// not confirmed yet lives in localStorage under the same key, and only until it has: a crash, a dead
// network or a lost lease loses no word, and nothing stays behind on a shared machine.
import { onContent } from "./content.js";

const place = (area) => `draft:${area.dataset.draft}`;

function keep(area) {
  try {
    localStorage.setItem(place(area), area.value);
  } catch {} // storage may be full or forbidden; the server still has its copy
  show(area, "");
}

function confirmed(area, text) {
  if (localStorage.getItem(place(area)) === text) localStorage.removeItem(place(area));
}

function show(area, text) {
  const state = area.form?.querySelector(".draft-state");
  if (state) state.textContent = text;
}

function restore(area) {
  if (area.dataset.restored) return;
  area.dataset.restored = "yes";
  const kept = localStorage.getItem(place(area));
  if (kept === null || kept === area.defaultValue) return localStorage.removeItem(place(area));
  const typed = kept === area.value; // while the page was still being put together
  area.value = kept;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  if (!typed) show(area, area.dataset.restoredText ?? "");
}

document.addEventListener("input", (event) => {
  if (event.target.matches("textarea[data-draft]")) keep(event.target);
});

// The text that a request carried is what the server has confirmed, whatever was typed since.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const form = ctx.sourceElement?.form ?? ctx.sourceElement?.closest("form"); // a button may stand outside
  for (const area of [...(form?.querySelectorAll("textarea[data-draft]") ?? [])].reverse()) { // the first one has the words
    const sent = ctx.request.body?.get?.(area.name);
    if (sent == null) continue;
    if (ctx.response?.raw?.ok) {
      confirmed(area, sent);
      show(area, area.dataset.savedText ?? "");
    } else {
      show(area, area.dataset.unsavedText ?? "");
    }
  }
});

onContent(() => document.querySelectorAll("textarea[data-draft]").forEach(restore));

// What was typed without a network is sent once there is one again.
addEventListener("online", () => {
  for (const area of document.querySelectorAll("textarea[data-draft]")) {
    if (localStorage.getItem(place(area)) !== null) area.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
