// A list stays where one left it: how far it was scrolled is kept under the address of the list
// (data-stays) for as long as the tab lives. A link with data-from-top starts from the top again.
import { onContent } from "./content.js";

const list = () => document.querySelector("[data-stays]");
const key = (element) => `place:${element.dataset.stays}`;

// On a wide screen the list scrolls in its own pane, on a phone with the whole page.
function scroller(element) {
  const pane = element.closest(".pane");
  return getComputedStyle(pane).overflowY === "auto" ? pane : document.scrollingElement;
}

function save() {
  const element = list();
  if (element?.checkVisibility()) sessionStorage.setItem(key(element), scroller(element).scrollTop);
}

function restore() {
  const element = list();
  if (!element?.checkVisibility() || element.dataset.placed) return;
  element.dataset.placed = "yes";
  const top = Number(sessionStorage.getItem(key(element)));
  if (top) scroller(element).scrollTop = top;
}

let timer = 0;
addEventListener("scroll", () => {
  clearTimeout(timer);
  timer = setTimeout(save, 100);
}, { capture: true, passive: true });
addEventListener("pagehide", save);
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-from-top]") || !list()) return;
  scroller(list()).scrollTop = 0;
  save();
});
onContent(restore);
