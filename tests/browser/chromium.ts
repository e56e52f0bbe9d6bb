/** Headless Chromium with a page that holds the bundled engine. Knows no test. */

import { type Browser, chromium } from "playwright-core";
import type { Page } from "./page.ts";

const PAGE = "<!doctype html><title>verity</title><script type=module src=/page.js></script>";

/** WebGPU without a graphics card, and without the sandbox, which containers forbid. */
const FLAGS = [
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

/** Opens the page in a new browser, gives its functions to `run`, and closes everything. */
export async function inBrowser<T>(executablePath: string, run: (page: Page) => Promise<T>) {
  const text = await (script ??= bundle(new URL("page.ts", import.meta.url)));
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const [body, type] = new URL(request.url).pathname === "/page.js"
      ? [text, "text/javascript"]
      : [PAGE, "text/html"];
    return new Response(body, { headers: { "content-type": `${type}; charset=utf-8` } });
  });
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch({ executablePath, args: FLAGS });
    const tab = await browser.newPage();
    const faults: string[] = [];
    tab.on("pageerror", (error) => faults.push(error.message));
    tab.on("console", (m) => m.type() === "error" && faults.push(m.text()));
    await tab.goto(`http://127.0.0.1:${server.addr.port}/`);
    const call = (name: keyof Page) => (...parameters: unknown[]) =>
      tab.evaluate(([name, parameters]) => {
        const { page } = globalThis as unknown as { page: Record<string, CallableFunction> };
        return page[name]!(...parameters);
      }, [name, parameters] as const);
    const result = await run({
      adapter: call("adapter"),
      firstStep: call("firstStep"),
      golden: call("golden"),
    });
    if (faults.length) throw new Error(`The page reported:\n${faults.join("\n")}`);
    return result;
  } finally {
    await browser?.close();
    await server.shutdown();
  }
}
