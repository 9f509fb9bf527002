// Live changes: the stream tells topics only ("feed", "case:12"); every element that names one in
// data-live gets the event "live", and its hx-get asks the server what this member may see of it.
// A hidden tab lets its connection go; back in sight it asks everything once.
const path = document.documentElement.dataset.stream;
let source = null;

function tell(wanted) {
  for (const element of document.querySelectorAll("[data-live]")) {
    if (wanted(element.dataset.live.split(" "))) element.dispatchEvent(new CustomEvent("live"));
  }
}

function open() {
  if (source) return;
  source = new EventSource(path);
  source.addEventListener("change", (event) => {
    const { topics } = JSON.parse(event.data);
    tell((names) => names.some((name) => topics.includes(name)));
  });
  let lost = false;
  source.addEventListener("error", () => { lost = true; });
  source.addEventListener("open", () => {
    if (lost) tell(() => true);
    lost = false;
  });
}

function close() {
  source?.close();
  source = null;
}

if (path) {
  let timer = 0;
  open();
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(close, 30_000);
    } else if (!source) {
      open();
      tell(() => true);
    }
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    open();
    tell(() => true);
  });
}
