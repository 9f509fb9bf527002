// Shows how much of the network's length is used: textarea[data-limit] with a .length in its form.
// data-count is "x" where the network weighs characters, otherwise plain characters count.
import { onContent } from "./content.js";
import { weight } from "./weight.js";

function count(area) {
  const limit = Number(area.dataset.limit);
  // What stands after locked facts counts, too; the facts themselves are taken off the limit.
  const text = [area, ...(area.form?.querySelectorAll("textarea[data-part]") ?? [])].map((part) => part.value).join("");
  const used = area.dataset.count === "x" ? weight(text, { reply: true }) : [...text].length;
  const shown = area.form?.querySelector(".length");
  if (!shown || !limit) return;
  const format = new Intl.NumberFormat(document.documentElement.lang);
  shown.textContent = `${format.format(used)}/${format.format(limit)}`;
  shown.classList.toggle("near", used > limit * 0.9 && used <= limit);
  shown.classList.toggle("over", used > limit);
  area.setAttribute("aria-invalid", String(used > limit));
}

document.addEventListener("input", (event) => {
  if (event.target.matches("textarea[data-limit]")) count(event.target);
  if (event.target.matches("textarea[data-part]")) event.target.form?.querySelectorAll("textarea[data-limit]").forEach(count);
});
onContent(() => document.querySelectorAll("textarea[data-limit]").forEach(count));
