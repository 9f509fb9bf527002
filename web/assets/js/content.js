// onContent runs fn now and again whenever htmx has put new content into the page.
export function onContent(fn) {
  fn();
  document.addEventListener("htmx:after:swap", fn);
}
