/** Headless Chromium with a page that holds the bundled engine. Knows no test and no benchmark. */

import { type Browser, chromium, type Page as Tab } from "playwright-core";
import type { Page } from "./page.ts";

/** A page that is its script. */
export const PAGE =
  "<!doctype html><title>verity</title><script type=module src=/page.js></script>";

/** WebGPU without a graphics card, and without the sandbox, which containers forbid. */
export const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
];

/** The path of Chromium, undefined where it is not installed. */
export function findChromium(): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const paths = ["chromium", "chromium-browser", "google-chrome"].flatMap((name) =>
    folders.map((folder) => `${folder}/${name}`)
  );
  return paths.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** A module and all that it imports, shaders included, as one text. Throws what the bundler says. */
export async function bundle(module: URL): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", module.href],
    cwd: new URL("../..", import.meta.url),
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`Cannot bundle ${module}: ${decode(stderr)}`);
  return decode(stdout);
}

let script: Promise<string> | undefined;

/** What a server answers for the path of a URL; undefined for the page itself. */
export type Serve = (path: string) => Promise<Response | undefined>;

/**
 * Opens a page whose script, `/page.js`, `serve` gives, in a new browser; closes everything after `run`.
 * Throws what the page reported as errors.
 */
export async function inTab<T>(
  executablePath: string,
  serve: Serve,
  run: (tab: Tab) => Promise<T>,
  flags: readonly string[] = [],
): Promise<T> {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) =>
      await serve(new URL(request.url).pathname) ?? textResponse(PAGE, "text/html"),
  );
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch({ executablePath, args: [...FLAGS, ...flags] });
    const tab = await browser.newPage();
    const faults: string[] = [];
    tab.on("pageerror", (error) => faults.push(error.message));
    tab.on("console", (m) => m.type() === "error" && faults.push(m.text()));
    await tab.goto(`http://127.0.0.1:${server.addr.port}/`);
    const result = await run(tab);
    if (faults.length) throw new Error(`The page reported:\n${faults.join("\n")}`);
    return result;
  } finally {
    await browser?.close();
    await server.shutdown();
  }
}

/** What a server answers with `text`. */
export function textResponse(text: string, type: string): Response {
  return new Response(text, { headers: { "content-type": `${type}; charset=utf-8` } });
}

/** Calls function `name` of what the page's script keeps in `globalThis.page`. */
export function callPage<T>(tab: Tab, name: string, ...parameters: unknown[]): Promise<T> {
  return tab.evaluate(([name, parameters]) => {
    const { page } = globalThis as unknown as { page: Record<string, CallableFunction> };
    return page[name]!(...parameters);
  }, [name, parameters] as const);
}

/** Opens the page of the tests in a new browser, gives its functions to `run`, and closes everything. */
export async function inBrowser<T>(executablePath: string, run: (page: Page) => Promise<T>) {
  const text = await (script ??= bundle(new URL("page.ts", import.meta.url)));
  const serve: Serve = (path) =>
    Promise.resolve(path === "/page.js" ? textResponse(text, "text/javascript") : undefined);
  return await inTab(executablePath, serve, (tab) =>
    run({
      adapter: () => callPage(tab, "adapter"),
      firstStep: () => callPage(tab, "firstStep"),
      losses: (...parameters) => callPage(tab, "losses", ...parameters),
      golden: (...parameters) => callPage(tab, "golden", ...parameters),
    }));
}
