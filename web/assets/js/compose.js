// Helps with the words: ; opens the snippets, a fix is put where it was found, and a draft that was
// just filled with something ready waits at its first blank.
import { onContent } from "./content.js";

const answer = () => document.getElementById("answer");
const blank = /\[\p{L}[^[\]\n]{0,40}\](?!\()/u;

document.addEventListener("keydown", (event) => {
  if (event.key !== ";" || event.isComposing || event.target !== answer()) return;
  const before = event.target.value.slice(0, event.target.selectionStart);
  const sheet = document.getElementById("snippets");
  if (!sheet || /\S$/.test(before)) return;
  event.preventDefault();
  sheet.showPopover();
  sheet.querySelector(".pick")?.focus();
});

// Places in a text are counted in characters as people see them written, not in UTF-16.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fix]");
  const area = answer();
  if (!button || !area) return;
  const { fix, found, start } = button.dataset;
  const text = [...area.value];
  const at = area.value === found ? 0 : Number(start);
  const length = [...found].length;
  if (text.slice(at, at + length).join("") !== found) return; // typed on since
  area.value = [...text.slice(0, at), fix, ...text.slice(at + length)].join("");
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.focus();
});

onContent(() => {
  const area = answer();
  const at = area && !area.dataset.blanks ? blank.exec(area.value) : null;
  if (area) area.dataset.blanks = "seen";
  if (!at) return;
  area.focus();
  area.setSelectionRange(at.index, at.index + at[0].length);
});
