/** Tests that open pages in headless Chromium and watch what they complain of and ask for. Knows no page. */

import { type Browser, chromium, type Page } from "playwright-core";
import { findChromium } from "./chromium.ts";

const executablePath = findChromium();

/** What a page did while it was looked at. */
export interface Watched {
  readonly page: Page;
  /** What it threw or wrote to the console. */
  readonly faults: string[];
  /** Addresses that it asked for, but for those that hold what they are. */
  readonly requests: string[];
}

/** Registers a test that opens pages; ignored where there is no Chromium or `missing` says what else is missing. */
export function pageTest(
  name: string,
  run: (open: () => Promise<Watched>) => Promise<void>,
  missing?: string,
): void {
  const why = executablePath ? missing : "no Chromium";
  Deno.test({
    name: why ? `browser: ${name} (skipped: ${why})` : `browser: ${name}`,
    ignore: why !== undefined,
    async fn() {
      let browser: Browser | undefined;
      try {
        browser = await chromium.launch({
          executablePath: executablePath!,
          args: ["--headless=new", "--no-sandbox"],
        });
        await run(() => watch(browser!));
      } finally {
        await browser?.close();
      }
    },
  });
}

async function watch(browser: Browser): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  const [faults, requests]: [string[], string[]] = [[], []];
  page.on("pageerror", (error) => faults.push(error.message));
  // That a test reads canvases back slowly is no fault of the page.
  page.on(
    "console",
    (m) => /^Canvas2D: /.test(m.text()) || faults.push(`${m.type()}: ${m.text()}`),
  );
  page.on("request", (one) => /^(data|blob):/.test(one.url()) || requests.push(one.url()));
  return { page, faults, requests };
}
