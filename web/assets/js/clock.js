// Moves what depends on time: countdowns (data-until), age rings (data-from, data-until) and ages
// (time.ago). The server's clock counts: data-now on <html> tells how far this one is off.
import { onContent } from "./content.js";

const page = document.documentElement;
const skew = page.dataset.now ? Date.parse(page.dataset.now) - Date.now() : 0;
export const now = () => Date.now() + skew;

export function remaining(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((n) => String(n).padStart(2, "0"));
  const hours = Math.floor(seconds / 3600);
  return hours ? `${hours}:${parts.join(":")}` : parts.join(":").replace(/^0/, "");
}

function countDown(element) {
  const left = Date.parse(element.dataset.until) - now();
  element.textContent = remaining(left);
  element.classList.toggle("soon", left > 0 && left <= 120_000);
  if (left > 0 || element.classList.contains("over")) return;
  element.classList.add("over");
  element.dispatchEvent(new CustomEvent("lapsed", { bubbles: true }));
}

function fillRing(ring) {
  const from = Date.parse(ring.dataset.from);
  const share = (now() - from) / (Date.parse(ring.dataset.until) - from);
  ring.classList.toggle("soon", share >= 0.75 && share < 1);
  ring.classList.toggle("over", share >= 1);
  const percent = Math.round(100 * Math.min(Math.max(share, 0), 1));
  ring.querySelector(".ring-fill").setAttribute("stroke-dasharray", `${percent} 100`);
}

const unit = (name) => new Intl.NumberFormat(page.lang, { style: "unit", unit: name, unitDisplay: "short" });
const units = [[86_400, unit("day")], [3600, unit("hour")], [60, unit("minute")]];

function age(element) {
  const seconds = (now() - Date.parse(element.dateTime)) / 1000;
  const fitting = units.find(([size]) => seconds >= size);
  element.textContent = fitting ? fitting[1].format(Math.floor(seconds / fitting[0])) : page.dataset.justNow;
}

const every = (selector, fn) => () => document.querySelectorAll(selector).forEach(fn);
const counters = every(".countdown[data-until]", countDown);
const ages = () => {
  every("time.ago", age)();
  every(".ring[data-from]", fillRing)();
};

onContent(counters);
setInterval(counters, 1000);
setInterval(ages, 20_000);

// A toast leaves when its time is over, unless somebody is on it.
document.addEventListener("lapsed", (event) => {
  const toast = event.target.closest(".toast");
  if (toast && !toast.matches(":hover, :focus-within")) toast.remove();
});
