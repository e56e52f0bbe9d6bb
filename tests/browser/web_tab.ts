/** The page of `web/` in headless Chromium: served, dropped on, examined. Asserts nothing but what axe finds. */

import axe from "axe-core/axe.min.js" with { type: "text" };
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { answer } from "../../cli/web.ts";
import { buildSite, type SiteOptions } from "../../cli/web_site.ts";
import { FLAGS } from "./chromium.ts";

/** A camera that shows a test picture, and may be used unasked. */
const CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/** Chromium and the server of the page, until they are disposed of. */
export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly browser: Browser;
}

/** Builds the page, serves it as `verity web` does, and opens a browser that computes on the processor. */
export async function serveSite(
  executablePath: string,
  options: SiteOptions = {},
): Promise<Served> {
  const site = await buildSite(options);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => answer(request, site),
  );
  const browser = await chromium.launch({ executablePath, args: [...FLAGS, ...CAMERA] });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    browser,
    async [Symbol.asyncDispose]() {
      await browser.close();
      await server.shutdown();
    },
  };
}

/** A tab with the page, and what it complained of. */
export interface Tab {
  readonly page: Page;
  readonly faults: string[];
  /** Addresses it asked for that are not its own. */
  readonly strangers: string[];
}

/** Opens the page in a tab of `context`; questions of the browser are answered with yes. */
export async function openTab(context: BrowserContext, url: string): Promise<Tab> {
  const page = await context.newPage();
  const [faults, strangers]: [string[], string[]] = [[], []];
  // Programs are compiled where frames are drawn too: meanwhile nothing moves.
  page.setDefaultTimeout(300_000);
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (m) => m.type() === "error" && faults.push(m.text()));
  page.on("request", (one) => {
    if (!one.url().startsWith(url) && !/^(data|blob):/.test(one.url())) strangers.push(one.url());
  });
  page.on("dialog", (dialog) => void dialog.accept());
  await page.goto(url);
  await page.locator("body[data-machine] #folder:enabled").waitFor();
  return { page, faults, strangers };
}

/** A task of a page's main thread, in milliseconds: by the clock, and what of it was computing, busy machine or not. */
export interface Task {
  readonly clock: number;
  readonly computing: number;
}

/** The task that computes longest on the page while `act` goes on, by Chromium's own trace. */
export async function longestTask(page: Page, act: () => Promise<void>): Promise<Task> {
  type Traced = Record<"pid" | "tid" | "dur" | "tdur", number> & {
    readonly name: string;
    readonly args: { readonly name?: string };
  };
  const session = await page.context().newCDPSession(page);
  const events: Traced[] = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value as unknown as Traced[]));
  const traceConfig = { includedCategories: ["toplevel", "__metadata"] };
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
  await act();
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  const threads = new Set(
    events.filter(({ args }) => args.name === "CrRendererMain").map(({ pid, tid }) =>
      `${pid} ${tid}`
    ),
  );
  return events.filter(({ name, pid, tid }) =>
    /RunTask$/.test(name) && threads.has(`${pid} ${tid}`)
  )
    .map(({ dur, tdur }) => ({ clock: dur / 1000, computing: tdur / 1000 }))
    .reduce((most, task) => task.computing > most.computing ? task : most);
}

/** Waits until an expression is true on the page, which may be loaded anew meanwhile. */
export async function until(page: Page, expression: string): Promise<void> {
  // Playwright's own way is forbidden by the page's policy.
  const end = performance.now() + 300_000;
  while (!await page.evaluate(expression).catch(() => false)) {
    if (performance.now() > end) throw new Error(`Cannot wait longer for ${expression}`);
    await page.waitForTimeout(50);
  }
}

/** Drags files or a folder of this machine onto the page's place for them, as a hand would. */
export async function drop(page: Page, path: string): Promise<void> {
  const box = (await page.locator(".drop").boundingBox())!;
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, ...at, data });
  }
  await session.detach();
}

/** What axe finds serious or critical on the page as it is: rule and place. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // Not as a script of the page, which its policy forbids.
  await page.evaluate(`if (!globalThis.axe) { ${axe} }`);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: Violation[]; passes: unknown[] }> };
    };
    interface Violation {
      id: string;
      impact: string;
      nodes: { html: string; failureSummary: string }[];
    }
    const { violations, passes } = await axe.run();
    if (passes.length < 15) return [`only ${passes.length} rules had something to look at`];
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`)
      );
  });
}

/** Text and names on the page that are in Latin letters, outside of what is marked as English and of `names`. */
export async function latinWords(page: Page, names: RegExp): Promise<string[]> {
  const texts = await page.evaluate(() => {
    // deno-lint-ignore no-explicit-any -- the browser's globals are not Deno's
    const { document, NodeFilter } = globalThis as any;
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { parentElement, textContent } = walker.currentNode;
      if (!parentElement.closest("[lang=en], script, style, noscript")) found.push(textContent);
    }
    for (const name of ["aria-label", "alt", "title", "placeholder"]) {
      for (const element of document.querySelectorAll(`[${name}]`)) {
        found.push(element.getAttribute(name));
      }
    }
    return found;
  });
  return texts.flatMap((text) => text.replaceAll(names, "").match(/[A-Za-z]{2,}/g) ?? []);
}
