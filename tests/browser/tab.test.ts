/** Runs in a tab: broken off, continued, on a new device, and carried to the command line and back. */

import assert from "node:assert/strict";
import type { RunEvent } from "../../mod.ts";
import { parseSafetensors } from "../../models/safetensors.ts";
import type { Ended } from "../../web/messages.ts";
import { verity } from "../cli/command.ts";
import { twoClasses } from "../cli/two_classes.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { findChromium } from "./chromium.ts";
import { driven, type Driver } from "./driver.ts";

const chromium = findChromium();

/** A net whose steps a processor takes in a moment. */
const OPTIONS = {
  model: "mobilenetv3_small_100",
  ...{ size: 32, resize: 36, batch: 4, epochs: 3, logEvery: 1, lr: 1e-3 },
};

type Step = Extract<RunEvent, { event: "step" }>;

/** What a run said of its steps, by their place: the last word counts, where a run went over one again. */
class Losses {
  readonly all = new Map<string, number>();

  hear(events: readonly RunEvent[]): Step[] {
    const steps = events.filter((event) => event.event === "step");
    for (const { epoch, step, loss } of steps) this.all.set(`${epoch}:${step}`, loss);
    return steps;
  }
}

/**
 * Waits until a run has said the third step of `epoch`, or a later one: two are saved, where each is. Throws where that
 * takes five minutes.
 */
async function untilMidst(driver: Driver, epoch: number, losses: Losses): Promise<void> {
  const end = performance.now() + 300_000;
  while (performance.now() < end) {
    const { events } = await driver.heard();
    if (losses.hear(events).some((one) => one.epoch === epoch && one.step > 2)) return;
    await driver.tab.waitForTimeout(20);
  }
  const heard = [...losses.all.keys()].at(-1) ?? "none";
  throw new Error(
    `Cannot wait longer for epoch ${epoch}: its third step was needed, the last is ${heard}`,
  );
}

/** Has the worker keep the device that it opens where a test can destroy it. */
async function watchDevice({ tab }: Driver): Promise<() => Promise<void>> {
  const worker = tab.workers()[0] ?? await tab.waitForEvent("worker");
  await worker.evaluate(() => {
    // deno-lint-ignore no-explicit-any -- the browser's globals are not Deno's
    const scope = globalThis as any;
    const { requestDevice } = scope.GPUAdapter.prototype;
    scope.GPUAdapter.prototype.requestDevice = async function (...options: unknown[]) {
      return scope.device = await requestDevice.apply(this, options);
    };
  });
  return async () => {
    // deno-lint-ignore no-explicit-any -- the same
    await worker.evaluate(() => (globalThis as any).device.destroy());
  };
}

Deno.test({
  name: `a run in a tab goes on after a lost device and a reload as if unbroken, and on the ` +
    `command line${chromium ? "" : " (skipped: no Chromium)"}`,
  ignore: !chromium,
  timeout: 1_200_000,
  fn: async () => {
    const made = await twoClasses();
    await using dir = await temporaryFolder(made);
    const served = (path: string) =>
      path.startsWith("/data/")
        ? Promise.resolve(made[path.slice(1)] as Uint8Array<ArrayBuffer>)
        : Deno.readFile(`${dir.path}${path}`).catch(() => undefined);
    const images = Object.fromEntries(Object.keys(made).map((path) => [path, `/${path}`]));
    await driven(chromium!, async (driver) => {
      const destroyDevice = await watchDevice(driver);
      const { classes } = await driver.open(images);
      assert.deepEqual(classes.map(({ name, train }) => [name, train]), [["grey", 10], [
        "red",
        10,
      ]]);

      const unbroken = new Losses();
      const whole = await driver.ask("train", { ...OPTIONS, name: "whole" } as never);
      unbroken.hear((await driver.heard()).events);
      assert.equal(unbroken.all.size, 15);
      assert.equal(whole.epoch, 3);

      const broken = new Losses();
      // Saved after each step, which the numbers do not tell.
      const often = { ...OPTIONS, name: "broken", saveEvery: 0 };
      const training = driver.ask("train", often as never).catch(() => undefined);
      await untilMidst(driver, 1, broken);
      await driver.ask("pause");
      const { events, states } = await driver.heard();
      broken.hear(events);
      assert.equal(states.at(-1)?.doing, "paused");
      await driver.ask("resume");
      await untilMidst(driver, 2, broken);
      await destroyDevice();
      await untilMidst(driver, 3, broken);
      await driver.reload();
      await training;

      const runs = await driver.ask("runs");
      const run = runs.find(({ run }) => run.endsWith("-broken"))!;
      assert.deepEqual([run.epoch, run.epochs, run.unfinished], [2, 3, true]);
      assert.ok(run.step > 10, `step ${run.step}`);
      await driver.open(images);
      const continued = await driver.ask("continueRun", { run: run.run });
      broken.hear((await driver.heard()).events);
      assert.deepEqual([continued.epoch, continued.stopped], [3, false]);
      assert.deepEqual([...broken.all].sort(), [...unbroken.all].sort());
      const [a, b] = [
        parseSafetensors(await driver.download(whole.run, "last")),
        parseSafetensors(await driver.download(run.run, "last")),
      ];
      assert.deepEqual(b.tensors, a.tensors);

      const { roc: [curve], epochs } = await driver.ask("results", { run: run.run });
      assert.deepEqual([curve!.x[0], curve!.y[0], curve!.x.at(-1), curve!.y.at(-1)], [0, 0, 1, 1]);
      assert.equal(epochs.length, 3);
      for (const { label, taken } of await driver.ask("mistakes", { run: run.run })) {
        assert.notEqual(label, taken);
      }
      const { rows } = await driver.predict(images, run.run);
      assert.equal(rows.length, Object.keys(images).length);
      for (const { probabilities: [a, b] } of rows) assert.ok(Math.abs(a! + b! - 1) < 1e-6);
      const report = new TextDecoder().decode(await driver.download(run.run, "report"));
      assert.match(report, /^<!doctype html>/);
      assert.ok((await driver.download(run.run, "onnx")).length > 4e6);
      await driver.ask("removeRun", { run: whole.run });
      assert.deepEqual((await driver.ask("runs")).map((one) => one.run), [run.run]);

      // To the command line, which measures the same, and back.
      const best = await driver.download(run.run, "best");
      await Deno.writeFile(`${dir.path}/best.safetensors`, best);
      const evaluated = await verity([
        ...["eval", "--json", "--checkpoint", "best.safetensors", "--data", "data"],
      ], { cwd: dir.path });
      assert.equal(evaluated.code, 0, evaluated.err);
      const there = JSON.parse(evaluated.out.trim().split("\n").at(-1)!);
      const { sheet } = await driver.ask("results", { run: run.run });
      for (const name of ["loss", "accuracy", "auc"] as const) {
        assert.ok(
          Math.abs(there[name] - sheet[name]) <= 1e-4,
          `${name}: ${there[name]}, ${sheet[name]}`,
        );
      }

      const trained = await verity([
        ...["train", "--data", "data", "--run", "run", "--no-report", "--recipe", "scratch"],
        ...["--model", OPTIONS.model, "--size", "32", "--resize", "36", "--batch", "4"],
        ...["--epochs", "2", "--until", "1", "--log-every", "1"],
      ], { cwd: dir.path });
      assert.equal(trained.code, 0, trained.err);
      const weights = await driver.weights("/run/last.safetensors", "last.safetensors");
      assert.deepEqual([weights.checkpoint, weights.continues, weights.epoch], [true, true, 1]);
      await driver.heard();
      const carrying: Promise<Ended> = driver.ask("continueWeights", {});
      await untilMidst(driver, 2, new Losses());
      await driver.ask("stop");
      const carried = await carrying;
      assert.deepEqual([carried.epoch, carried.stopped], [1, true], JSON.stringify(carried));
      const stopped = (await driver.ask("runs")).find((one) => one.run === carried.run)!;
      assert.ok(stopped.unfinished && stopped.step > 5, `step ${stopped.step}`);
      await Deno.writeFile(
        `${dir.path}/alone.safetensors`,
        await driver.download(carried.run, "last"),
      );
      const finished = await verity([
        ...["train", "--data", "data", "--resume", "alone.safetensors", "--run", "home"],
        "--no-report",
      ], { cwd: dir.path });
      assert.equal(finished.code, 0, finished.err);
      assert.match(finished.out, /^epoch 2\/2 {2}training/m);
    }, served);
  },
});
