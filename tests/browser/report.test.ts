/** Reports in headless Chromium: drawn without a fault, without a network, with names that stay text. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { run as compare } from "../../cli/compare.ts";
import { run as report } from "../../cli/report.ts";
import { denoFiles } from "../../cli/files.ts";
import { livePage } from "../../cli/serve.ts";
import { answer } from "../../report/server.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { HOSTILE, madeRun } from "../report/made_run.ts";
import { pageTest } from "./watched.ts";

/** How many charts there are, and how many of them have ink of a curve's colour. */
async function drawnCharts(page: Page): Promise<{ places: number; drawn: number }> {
  return await page.evaluate(() => {
    // deno-lint-ignore no-explicit-any -- the browser's globals are not Deno's
    const { document } = globalThis as any;
    const places = [...document.querySelectorAll("[data-chart]")];
    const drawn = places.filter((place) => {
      const canvas = place.querySelector("canvas");
      if (!canvas || canvas.width === 0) return false;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let coloured = 0;
      for (let i = 0; i < data.length; i += 4) {
        const [r, g, b, a] = data.slice(i, i + 4);
        if (a > 100 && Math.max(r, g, b) - Math.min(r, g, b) > 40) coloured++;
      }
      return coloured > 30;
    });
    return { places: places.length, drawn: drawn.length };
  });
}

pageTest(
  "a report draws every chart in light and dark, offline, and names stay text",
  async (open) => {
    await using dir = await temporaryFolder();
    for (const classes of [2, 3]) {
      const run = await madeRun(dir.path, { classes });
      assert.equal(await report([run, "--no-cam", "--json"]), 0);
      const { page, faults, requests } = await open();
      const address = `file://${encodeURI(run)}/report.html`;
      await page.goto(address);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await page.waitForTimeout(100);
        assert.deepEqual(await drawnCharts(page), { places: 10, drawn: 10 }, colorScheme);
      }
      await page.setViewportSize({ width: 400, height: 800 });
      await page.waitForTimeout(100);
      assert.deepEqual(await drawnCharts(page), { places: 10, drawn: 10 }, "narrow");
      assert.ok((await page.locator("main").innerText()).includes(HOSTILE));
      assert.ok((await page.locator(".u-legend").allInnerTexts()).join().includes("<img src=x"));
      assert.equal(await page.locator("img[src='x']").count(), 0);
      assert.notEqual(await page.title(), "owned");
      assert.ok(await page.locator(".pictures img").count() > 3);
      assert.deepEqual(faults, []);
      assert.deepEqual(requests, [address]);
    }
  },
);

pageTest("a comparison draws the curves of all runs", async (open) => {
  await using dir = await temporaryFolder();
  const runs = [await madeRun(dir.path), await madeRun(dir.path, { learningRate: 0.5 })];
  const out = `${dir.path}/compare.html`;
  assert.equal(await compare([...runs, "--out", out, "--json"]), 0);
  const { page, faults, requests } = await open();
  await page.goto(`file://${encodeURI(out)}`);
  assert.deepEqual(await drawnCharts(page), { places: 4, drawn: 4 });
  assert.deepEqual([faults, requests.length], [[], 1]);
});

pageTest("serve shows a run while it grows, and asks its own server alone", async (open) => {
  await using dir = await temporaryFolder();
  const path = await madeRun(dir.path, { epochs: 1 });
  const served = { files: denoFiles, path, page: livePage(path) };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => answer(request, served),
  );
  try {
    const { page, faults, requests } = await open();
    const address = `http://127.0.0.1:${server.addr.port}/`;
    await page.goto(address);
    const epochs = () => page.locator("[data-chart='0']").getAttribute("data-drawn");
    assert.equal(await epochs(), "1");
    const metrics = await Deno.readTextFile(`${path}/metrics.csv`);
    const row = metrics.trimEnd().split("\n")[1]!;
    await Deno.writeTextFile(`${path}/metrics.csv`, `${metrics}${row.replace(/^1/, "2")}\n`);
    await page.locator("[data-chart='0'][data-drawn='2']").waitFor({ timeout: 20_000 });
    assert.deepEqual(await drawnCharts(page), { places: 10, drawn: 10 });
    assert.equal(await page.locator("body").getAttribute("data-live"), "on");
    assert.deepEqual(faults, []);
    assert.deepEqual([...new Set(requests)], [address]);
    await page.close();
  } finally {
    await server.shutdown();
  }
});
