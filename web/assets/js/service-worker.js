// Runs in the background: keeps what pages are made of, shows a page where there is no network, and
// shows what the server has to say while no page is open. Pages themselves are never kept: they belong
// to whoever is signed in.
const kept = "kith-1";

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(kept);
    const page = await fetch("/offline", { cache: "no-store" });
    const parts = (await page.clone().text()).match(/\/assets\/[\w.-]+/g) ?? [];
    await cache.put("/offline", page);
    await cache.addAll([...new Set(parts)]);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== kept) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/offline")));
  } else if (new URL(request.url).pathname.startsWith("/assets/")) {
    event.respondWith(caches.match(request).then((found) => found ?? fetch(request)));
  }
});

self.addEventListener("push", (event) => {
  const { text, path } = event.data.json();
  event.waitUntil(self.registration.showNotification("Kith", { body: text, tag: path, data: path }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data, self.location.origin);
  if (url.origin !== self.location.origin) return;
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window" });
    const page = open.find((client) => client.url === url.href);
    return page ? page.focus() : self.clients.openWindow(url.href);
  })());
});
