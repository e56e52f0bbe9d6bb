/** The page: starts its worker and shows what there is to do. Knows no screen. */
/// <reference lib="dom" />

import { App } from "./app.ts";
import { stayAwake } from "./awake.ts";
import { Engine } from "./engine.ts";
import { Frame } from "./frame.ts";

const engine = new Engine(new Worker("worker.js", { type: "module" }));
const app = new App(engine, (change) => {
  frame.draw(change);
  void stayAwake(app.running);
});
const frame = new Frame(app);

// What misses the place for it would be opened instead of the page.
for (const event of ["dragover", "drop"]) {
  addEventListener(event, (one) => one.preventDefault());
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden) app.hid();
});
addEventListener("beforeunload", (event) => {
  if (app.running) event.preventDefault();
});
void app.begin();
void keepOffline();

/** Keeps the page's files for visits without a network, where it was built to. */
async function keepOffline(): Promise<void> {
  const { offline } = document.documentElement.dataset;
  if (!offline || !("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.register(offline);
  const offer = (worker: ServiceWorker | null) => {
    // The first one replaces nothing.
    if (!worker || !navigator.serviceWorker.controller) return;
    frame.offer(() => {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
      worker.postMessage("replace");
    });
  };
  offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const { installing } = registration;
    installing?.addEventListener("statechange", () => {
      if (installing.state === "installed") offer(installing);
    });
  });
}
