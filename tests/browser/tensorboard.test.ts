/** A run's events in TensorBoard's own page, in headless Chromium; skipped where Python has no TensorBoard. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { Board } from "../../report/tensorboard/board.ts";
import { smooth, temporaryFolder } from "../data/fixtures.ts";
import { HOSTILE, madeOutputs } from "../report/made_run.ts";
import { hasPackage, PYTHON } from "../python.ts";
import { pageTest } from "./watched.ts";

const hasTensorBoard = await hasPackage("tensorboard");

/** Starts TensorBoard; returns its address and its process. */
async function serveEvents(logdir: string) {
  const process = new Deno.Command(PYTHON, {
    args: [
      "-m",
      "tensorboard.main",
      "--logdir",
      logdir,
      "--host",
      "127.0.0.1",
      "--port",
      "0",
      "--load_fast=false",
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(said) ?? [];
    if (url) return { url, process };
  }
  throw new Error(`TensorBoard did not start:\n${said}`);
}

pageTest(
  "TensorBoard draws the scalars, curves and pictures of a run",
  async (open) => {
    await using folder = await temporaryFolder();
    const board = await Board.open(denoFiles, folder.path);
    for (const step of [1, 2, 3]) {
      await board.add({
        event: "step",
        ...{ epoch: 1, epochs: 1, step, steps: 3, loss: 1 / step, accuracy: step / 4, lr: 0.1 },
        ...{ "img_per_s": 8, waiting: 0, "eta_s": 1 },
      });
    }
    await board.addCurves(madeOutputs(2, 2), { classes: ["real", HOSTILE], step: 3 });
    await board.addImage(smooth(40, 36, 1), { group: "most wrong", name: HOSTILE, step: 3 });
    const { url, process } = await serveEvents(folder.path);
    try {
      const { page, faults, requests } = await open();
      await page.goto(`${url}#timeseries`);
      // Cards below the window are drawn when they come into it.
      const chart = page.locator("scalar-card line-chart").first();
      await chart.waitFor({ timeout: 60_000 });
      await chart.locator("canvas, svg path").first().waitFor({
        state: "attached",
        timeout: 60_000,
      });
      await page.locator("image-card img").first().waitFor({ timeout: 60_000 });
      await page.goto(`${url}#pr_curves`);
      const curve = page.locator("tf-pr-curve-card svg path").first();
      await curve.waitFor({ state: "attached", timeout: 60_000 });
      await page.getByText("1 _img src_x").first().waitFor({ timeout: 60_000 });
      assert.notEqual(await page.title(), "owned");
      assert.deepEqual(faults.filter((text) => !/Multiple instances of Three/.test(text)), []);
      assert.deepEqual(requests.filter((address) => !address.startsWith(url)), []);
    } finally {
      process.kill("SIGKILL");
      await process.status;
    }
  },
  hasTensorBoard ? undefined : "Python has no tensorboard",
);
