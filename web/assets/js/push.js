// Lets this browser be woken: the form with data-push, whose value is the installation's public key,
// asks the browser for a subscription and sends it.
import { onContent } from "./content.js";

const able = "serviceWorker" in navigator && window.isSecureContext;
if (able) navigator.serviceWorker.register("/service-worker.js").catch(() => {}); // pages work without it

function device() {
  const system = ["iPhone", "iPad", "Android", "Windows", "Mac", "Linux"].find((name) => navigator.userAgent.includes(name));
  const browser = ["Edg", "Firefox", "Chrome", "Safari"].find((name) => navigator.userAgent.includes(name));
  return [browser, system].filter(Boolean).join(" · ");
}

async function subscribe(form) {
  const worker = await navigator.serviceWorker.ready;
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: form.dataset.push });
  const { endpoint, keys } = subscription.toJSON();
  Object.entries({ endpoint, ...keys, name: device() }).forEach(([name, value]) => { form.elements[name].value = value; });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.push || form.elements.endpoint.value) return;
  event.preventDefault();
  try {
    await subscribe(form);
    form.submit();
  } catch {
    delete form.dataset.sent;
    form.querySelector("[role=alert]").hidden = false;
  }
});

onContent(() => document.querySelectorAll("form[data-push]").forEach((form) => {
  form.hidden = !(able && "PushManager" in window);
}));
