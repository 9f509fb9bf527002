// Keyboard: an element with data-key="c" or "g f" is pressed by that key; j and k walk the rows, x chooses one; ?
// opens the sheet, which lists what this page has. Single keys can be switched off there (WCAG 2.1.4);
// Ctrl or Cmd with Enter always sends the form one is writing in.
const sheet = () => document.getElementById("keys");
const off = () => localStorage.getItem("keys") === "off";
const visible = (element) => element.checkVisibility({ visibilityProperty: true });
let first = "";

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event);
  const writing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  if (writing || event.ctrlKey || event.metaKey || event.altKey || off()) return;
  const keys = first ? `${first} ${event.key}` : event.key;
  first = "";
  if (press(keys)) return event.preventDefault();
  if (event.key === "g") {
    first = "g";
    setTimeout(() => { first = ""; }, 1500);
  }
});

function send(event) {
  const form = event.target.closest("textarea, input")?.form;
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-send]"));
}

function press(keys) {
  if (keys === "?") {
    list();
    sheet()?.togglePopover();
    return Boolean(sheet());
  }
  if (keys === "j" || keys === "k") return walk(keys === "j" ? 1 : -1);
  if (keys === "x" && pick()) return true;
  const element = [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key === keys && visible(e));
  if (!element) return false;
  if (element.matches("input, textarea, select")) element.focus();
  else element.click();
  return true;
}

function walk(step) {
  const rows = [...document.querySelectorAll(".rows a.row")].filter(visible);
  if (!rows.length) return false;
  const at = rows.indexOf(document.activeElement);
  const here = at >= 0 ? at + step : Math.max(0, rows.findIndex((row) => row.hasAttribute("aria-current")));
  const row = rows[Math.min(Math.max(here, 0), rows.length - 1)];
  row.focus();
  row.scrollIntoView({ block: "nearest" });
  return true;
}

// pick chooses the row where the reader is, on pages that do something to several rows.
function pick() {
  const box = document.activeElement?.closest("li")?.querySelector("input[data-pick]");
  box?.click();
  return Boolean(box);
}

// The list is read from the page, so it says exactly what works here.
function list() {
  const names = sheet()?.querySelector("[data-keys-here]");
  if (!names) return;
  names.replaceChildren();
  const seen = new Set();
  for (const element of document.querySelectorAll("[data-key]")) {
    const name = element.getAttribute("aria-label") || element.dataset.keyName || element.textContent.replace(/\s+/g, " ").trim();
    if (seen.has(element.dataset.key) || !visible(element)) continue;
    seen.add(element.dataset.key);
    const term = document.createElement("dt");
    for (const key of element.dataset.key.split(" ")) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      term.append(cap, " ");
    }
    const meaning = document.createElement("dd");
    meaning.textContent = name;
    names.append(term, meaning);
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-keys-switch]")) localStorage.setItem("keys", event.target.checked ? "on" : "off");
});
document.addEventListener("toggle", (event) => {
  if (event.target !== sheet()) return;
  const box = sheet().querySelector("[data-keys-switch]");
  if (box) box.checked = !off();
  list();
}, true);
