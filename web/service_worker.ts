/** Keeps the page's own files for visits without a network, all of one version. Keeps nothing of the person's. */

/** What the build writes before this file. */
declare const SITE: { readonly version: string; readonly files: readonly string[] };

/** The few names of a service worker's scope used here; the library of types for pages lacks them. */
interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: Asked) => void): void;
}

interface Extendable {
  waitUntil(work: Promise<unknown>): void;
}

interface Asked {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const scope = globalThis as unknown as Scope;

/** Caches are shared by all pages of a host: the folder is part of the name. */
const folder = scope.registration.scope;
const prefix = `verity ${folder} `;
const cacheName = prefix + SITE.version;

scope.addEventListener("install", (event) => event.waitUntil(keep()));
scope.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
scope.addEventListener("message", ({ data }) => {
  if (data === "replace") void scope.skipWaiting();
});
scope.addEventListener("fetch", (event) => {
  const address = event.request.url.split(/[?#]/)[0]!;
  if (event.request.method !== "GET" || !address.startsWith(folder)) return;
  const name = address.slice(folder.length) || "index.html";
  if (SITE.files.includes(name)) event.respondWith(kept(name, event.request));
});

async function keep(): Promise<void> {
  const cache = await caches.open(cacheName);
  // Past the browser's own cache, which may mix versions.
  await cache.addAll(SITE.files.map((name) => new Request(folder + name, { cache: "reload" })));
}

async function forgetOthers(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

async function kept(name: string, request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  return await cache.match(folder + name) ?? await fetch(request);
}
