// Coming back to a page whose claim ran out meanwhile takes the case again, if it is still free: the
// element with data-resume gets the event "resume", and its hx-post asks the server.
import { now } from "./clock.js";

function resume() {
  if (document.hidden) return;
  const claim = document.querySelector("[data-resume]");
  const until = claim?.querySelector(".countdown")?.dataset.until;
  if (claim && (!until || Date.parse(until) <= now())) claim.dispatchEvent(new CustomEvent("resume"));
}

document.addEventListener("visibilitychange", resume);
addEventListener("pageshow", (event) => {
  if (event.persisted) resume();
});
