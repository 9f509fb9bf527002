// A form is sent once: a second press while the first is under way does nothing.
const free = (form) => {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
}, true);

document.addEventListener("htmx:finally:request", (event) => {
  const form = event.detail.ctx.sourceElement?.closest("form");
  if (form) free(form);
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(free));
