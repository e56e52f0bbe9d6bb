/** The page as `web --build` writes it: from a folder of some host, without a network, and in a newer version. */

import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { buildSite, type SiteFiles } from "../../cli/web_site.ts";
import { findChromium } from "./chromium.ts";
import { openTab, until } from "./web_tab.ts";

const executablePath = findChromium();

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
  wasm: "application/wasm",
};

Deno.test({
  name: `browser: a built page works in any folder, then without a network, and offers newer ones${
    executablePath ? "" : " (skipped: no Chromium)"
  }`,
  ignore: executablePath === undefined,
  async fn() {
    let { files }: { files: SiteFiles } = await buildSite({ offline: true });
    // As a host that knows nothing of the page: no headers but the type, and a folder of its own.
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const name = new URL(request.url).pathname.match(/^\/people\/me\/(.*)$/)?.[1];
      const content = files.get(name || "index.html");
      if (name === undefined || !content) return new Response("", { status: 404 });
      const type = TYPES[(name || "index.html").replace(/^.*\./, "")] ?? "text/plain";
      return new Response(content, { headers: { "content-type": type } });
    });
    // Without the flags of the other tests it has no device, which the page must survive and say.
    const browser = await chromium.launch({
      executablePath: executablePath!,
      args: ["--headless=new", "--no-sandbox"],
    });
    try {
      const context = await browser.newContext({ locale: "en-GB" });
      const { page, faults, strangers } = await openTab(
        context,
        `http://127.0.0.1:${server.addr.port}/people/me/`,
      );
      const size = () => page.evaluate("getComputedStyle(document.body).fontSize");
      assert.equal(await page.evaluate("self.crossOriginIsolated"), false);
      await until(page, "navigator.serviceWorker.controller !== null");
      await context.setOffline(true);
      await page.reload();
      await page.locator("body[data-machine] #folder:enabled").waitFor();
      assert.equal(await size(), "16px");
      assert.equal(await page.locator("#update").count(), 0);
      const fault = page.locator("[role=alert][data-fault^='no-']");
      assert.match(await fault.innerText(), /WebGPU|graphics card/);

      await context.setOffline(false);
      files = newer(files);
      await page.reload();
      assert.equal(await size(), "16px", "the version that was kept");
      await page.click("#update");
      await until(page, "getComputedStyle(document.body).fontSize === '19px'");
      assert.equal(await page.evaluate("caches.keys().then((names) => names.length)"), 1);
      assert.deepEqual([faults, strangers], [[], []]);
    } finally {
      await browser.close();
      await server.shutdown();
    }
  },
});

/** The same page with another style, under another version. */
function newer(files: SiteFiles): SiteFiles {
  const edited = (name: string, edit: (text: string) => string) =>
    [name, new TextEncoder().encode(edit(new TextDecoder().decode(files.get(name)!)))] as const;
  return new Map([
    ...files,
    edited("style.css", (text) => `${text}\nbody { font-size: 19px; }`),
    edited("service_worker.js", (text) => text.replace(/"version":"\w+"/, '"version":"newer"')),
  ]);
}
