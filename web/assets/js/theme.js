// The theme changes under the finger; the form that carries the choice tells the server.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=theme]");
  if (!button) return;
  document.documentElement.dataset.theme = button.value;
  for (const other of button.form.querySelectorAll("button[name=theme]")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
});
