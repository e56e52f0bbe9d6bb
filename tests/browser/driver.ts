/** A tab that has the page's worker and no page around it: what a test asks of it. Asserts nothing. */

import type { Page as Tab } from "playwright-core";
import { buildSite, type Site } from "../../cli/web_site.ts";
import type { RequestName, Requests } from "../../web/messages.ts";
import { bundle, callPage, inTab, PAGE, textResponse } from "./chromium.ts";
import type { Driven, Heard, Images } from "./driven.ts";

const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** A worker in a tab; `ask` gives what the worker answers, or its fault. */
export interface Driver {
  readonly tab: Tab;
  ask<Name extends RequestName>(
    name: Name,
    parameters?: Requests[Name]["with"],
  ): Promise<Requests[Name]["gives"]>;
  open(images: Images, options?: object): Promise<Requests["openData"]["gives"]>;
  weights(url: string, name: string): Promise<Requests["openWeights"]["gives"]>;
  predict(images: Images, run?: string): Promise<Requests["predict"]["gives"]>;
  download(run: string, what: string): Promise<Uint8Array<ArrayBuffer>>;
  heard(): Promise<Heard>;
  /** Loads the page anew: the worker is gone, what it kept is not. */
  reload(): Promise<void>;
}

let built: Promise<{ readonly site: Site; readonly script: string }> | undefined;

/** Builds the worker once for all tests of a process. */
function build() {
  return built ??= (async () => ({
    site: await buildSite(),
    script: await bundle(new URL("driven.ts", import.meta.url)),
  }))();
}

/** Runs a test in a new tab; `files` are served under their paths. */
export async function driven<T>(
  executablePath: string,
  run: (driver: Driver) => Promise<T>,
  files: (path: string) => Promise<Uint8Array<ArrayBuffer> | undefined> = () =>
    Promise.resolve(undefined),
  flags: readonly string[] = [],
): Promise<T> {
  const { site, script } = await build();
  const serve = async (path: string) => {
    // Isolated, as the real page is, it may share memory between its threads and measure it.
    if (path === "/") {
      return new Response(PAGE, { headers: { ...ISOLATED, "content-type": "text/html" } });
    }
    if (path === "/page.js") return textResponse(script, "text/javascript");
    const own = site.files.get(path.slice(1));
    if (own && path !== "/index.html") {
      const type = path.endsWith(".wasm") ? "application/wasm" : "text/javascript";
      return new Response(own, { headers: { ...ISOLATED, "content-type": type } });
    }
    const bytes = await files(path);
    return bytes && new Response(bytes);
  };
  return await inTab(executablePath, serve, async (tab) => {
    const call = <R>(name: keyof Driven, ...parameters: unknown[]) =>
      callPage<R>(tab, name, ...parameters);
    return await run({
      tab,
      ask: (name, parameters) => call("ask", name, parameters),
      open: (images, options) => call("open", images, options),
      weights: (url, name) => call("weights", url, name),
      predict: (images, run) => call("predict", images, run),
      download: async (run, what) =>
        Uint8Array.fromBase64(await call<string>("download", run, what)),
      heard: () => call("heard"),
      reload: async () => void await tab.reload(),
    });
  }, flags);
}
