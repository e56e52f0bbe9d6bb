/** The engine in a browser tab: bundled, in headless Chromium, against this process and PyTorch. */

import assert from "node:assert/strict";
import type { GoldenTraining } from "../../cli/golden/training.ts";
import { device } from "../device.ts";
import { lossesOf } from "../exact/losses.ts";
import { shared } from "../shared.ts";
import { bundle, findChromium, inBrowser } from "./chromium.ts";
import { firstStep, LEARNING_RATE } from "./first_step.ts";
import type { Page } from "./page.ts";

const chromium = findChromium();
const golden = shared("golden/training.json");

Deno.test("the public names are bundled for a browser, without any package", async () => {
  const text = await bundle(new URL("../../mod.ts", import.meta.url));
  assert.match(text, /\bSession\b/);
  assert.doesNotMatch(text, /(from|import\()\s*"(npm:|node:|sharp|imagescript|@)/);
});

/** Registers a test in a browser, ignored where there is none or `missing` says what else is missing. */
function browserTest(
  name: string,
  missing: string | undefined,
  run: (page: Page) => Promise<void>,
) {
  const why = chromium ? missing : "no Chromium";
  Deno.test({
    name: why ? `browser: ${name} (skipped: ${why})` : `browser: ${name}`,
    ignore: why !== undefined,
    fn: () => inBrowser(chromium!, run),
  });
}

browserTest(
  "a step of ResNet-18 has the loss it has here",
  device ? undefined : "no adapter",
  async (page) => {
    assert.match(await page.adapter(), /swiftshader/i);
    const [there, here] = [await page.firstStep(), await firstStep(device!)];
    assert.ok(Math.abs(there.loss - here.loss) <= 1e-5, `${there.loss} there, ${here.loss} here`);
    for (const { moved } of [there, here]) {
      const [most, average] = [Math.max(...moved), moved.reduce((a, b) => a + b) / moved.length];
      assert.ok(Math.abs(most - LEARNING_RATE) < 1e-6, `moved by at most ${most}`);
      assert.ok(average > 0.9 * LEARNING_RATE, `moved by ${average}`);
    }
  },
);

browserTest(
  "ten losses of a tiny network are those here within 1e-5, and the same bits each time",
  device ? undefined : "no adapter",
  async (page) => {
    const [there, again] = [await page.losses("tiny", 10), await page.losses("tiny", 10)];
    assert.deepEqual(again, there);
    for (const [step, loss] of (await lossesOf(device!, "tiny", 10)).entries()) {
      assert.ok(Math.abs(there[step]! - loss) <= 1e-5, `${there[step]} there, ${loss} here`);
    }
  },
);

browserTest(
  "ten losses of the small network are PyTorch's",
  golden === undefined ? "golden numbers are not here" : undefined,
  async (page) => {
    const file: GoldenTraining = JSON.parse(await Deno.readTextFile(golden!));
    const run = file.runs.find(({ net, optimizer, variant }) =>
      net === "tiny" && optimizer === "adam" && variant === "plain"
    )!;
    const rows = await page.golden(run, { nets: file.nets, "stream_base": file.stream_base });
    assert.equal(rows.find(({ name }) => name === "losses of runs")?.count, 10);
    assert.deepEqual(rows.filter(({ error, limit }) => !(error <= limit)), []);

    const losses = run.losses.map((loss, s) => s === 3 ? loss * 1.00001 : loss);
    const wrong = await page.golden({ ...run, losses }, file);
    assert.deepEqual(wrong.filter((r) => r.error > r.limit).map((r) => r.name), ["losses of runs"]);
  },
);
