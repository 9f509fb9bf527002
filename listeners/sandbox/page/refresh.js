// Keeps the posts fresh while somebody looks at them.
"use strict";
const every = 4000;

async function refresh() {
  if (document.hidden) return;
  try {
    const res = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
    if (!res.ok) return;
    const fresh = new DOMParser().parseFromString(await res.text(), "text/html").getElementById("feed");
    const feed = document.getElementById("feed");
    if (!fresh || feed.contains(document.activeElement) || feed.innerHTML === fresh.innerHTML) return;
    feed.replaceWith(document.importNode(fresh, true));
  } catch {
    // The network is down; the next round tries again.
  }
}

setInterval(refresh, every);
