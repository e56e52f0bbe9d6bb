/** Tests of the training loop on a model that needs no device. */
import assert from "node:assert/strict";
import { DivergedError } from "../../train/epoch.ts";
import { fit, type FitOptions, stepsPerEpoch } from "../../train/fit.ts";
import type { RunEvent } from "../../train/events.ts";
import type { LoaderOptions } from "../../data/loader.ts";
import { readPipeline } from "../../data/pipeline.ts";
import { PRESETS } from "../../data/presets.ts";
import type { ImageSet } from "../../train/evaluate.ts";
import { isBetter } from "../../train/selection.ts";
import { greys } from "./brightness.ts";
import { Regression } from "./regression.ts";

const OPTIONS: FitOptions = {
  batch: 8,
  size: 2,
  resize: 2,
  seed: 1,
  epochs: 4,
  logEvery: 3,
  schedule: { learningRate: () => 3 },
};

const DATA = { train: greys(60), validation: greys(30, { key: 9 }) };

Deno.test("fit() learns, counts whole batches only and reports every step", async () => {
  const events: RunEvent[] = [];
  const session = new Regression(2);
  const result = await fit(session, DATA, OPTIONS, (event) => events.push(event));
  assert.equal(session.rates.length, 4 * 7);
  assert.deepEqual(
    events.filter((e) => e.event === "step" && e.epoch === 2).map((e) =>
      e.event === "step" && e.step
    ),
    [3, 6, 7],
  );
  const epochs = events.filter((e) => e.event === "epoch");
  assert.deepEqual(epochs.map(({ epoch, step }) => [epoch, step]), [[1, 7], [2, 14], [3, 21], [
    4,
    28,
  ]]);
  assert.ok(result.best!.auc > 0.9, `AUC is ${result.best!.auc}`);
  assert.ok((epochs[3]?.loss ?? 1) < (epochs[0]?.loss ?? 0));
  const best = epochs.reduce((a, b) => isBetter(b, a) ? b : a);
  assert.equal(result.best!.epoch, best.epoch);
});

Deno.test("fit() weighs its training means by the images between two readings", async () => {
  const events: RunEvent[] = [];
  await fit(new Regression(2), DATA, { ...OPTIONS, epochs: 1 }, (event) => events.push(event));
  const steps = events.filter((e) => e.event === "step");
  const epoch = events.find((e) => e.event === "epoch");
  const mean = steps.reduce((sum, e, i) => sum + e.loss * [3, 3, 1][i]!, 0) / 7;
  assert.ok(Math.abs((epoch?.train_loss ?? 0) - mean) < 1e-12);
});

Deno.test("fit() takes a step for several batches, and drops those that fill none", async () => {
  const large = new Regression(2);
  const divided = new Regression(2);
  const events: RunEvent[] = [];
  const expected = await fit(large, DATA, { ...OPTIONS, batch: 16 });
  const result = await fit(
    divided,
    DATA,
    { ...OPTIONS, batch: 4, accumulate: 4, logEvery: 2 },
    (event) => events.push(event),
  );
  assert.equal(divided.rates.length, 4 * 3);
  large.weights.forEach((w, i) => assert.ok(Math.abs(w - divided.weights[i]!) < 1e-12));
  assert.ok(Math.abs(result.best!.loss - expected.best!.loss) < 1e-12);
  const steps = events.filter((e) => e.event === "step" && e.epoch === 4);
  assert.deepEqual(steps.map((e) => e.event === "step" && [e.step, e.steps]), [[2, 3], [3, 3]]);
  assert.equal(stepsPerEpoch(60, 4, 4), 3);
  await assert.rejects(
    fit(divided, DATA, { ...OPTIONS, batch: 16, accumulate: 4 }),
    /batches of 4 × 16: there are 60 training images, at least 64 were needed/,
  );
});

Deno.test("fit() resumed gives the bits of a run that never stopped", async () => {
  const whole = new Regression(2);
  const full = await fit(whole, DATA, OPTIONS);
  const first = new Regression(2);
  const { best } = await fit(first, DATA, { ...OPTIONS, epochs: 2 });
  const second = new Regression(2);
  second.weights.set(first.weights);
  const rest = await fit(second, DATA, { ...OPTIONS, resume: { epoch: 2, best } });
  assert.deepEqual(second.weights, whole.weights);
  assert.notDeepEqual(second.weights, first.weights);
  assert.deepEqual(rest.best, full.best);
});

Deno.test("fit() hands the schedule's rate and momentum of each epoch and step to the session", async () => {
  const session = new Regression(2);
  const schedule = {
    learningRate: (epoch: number, step: number) => 1 / (1 + epoch * 10 + step),
    beta1: (epoch: number) => 0.5 + epoch / 10,
  };
  await fit(session, DATA, { ...OPTIONS, epochs: 2, schedule });
  assert.deepEqual(session.rates[0], { learningRate: 1, beta1: 0.5 });
  assert.deepEqual(session.rates[9], { learningRate: 1 / 13, beta1: 0.6 });
});

Deno.test("fit() tells a schedule that listens each validation loss, before the epoch is kept", async () => {
  const heard: number[] = [];
  const kept: number[][] = [];
  const schedule = { learningRate: () => 1, observe: (loss: number) => void heard.push(loss) };
  const losses: number[] = [];
  const finished = ({ loss }: { readonly loss: number }) => {
    losses.push(loss);
    kept.push([...heard]);
    return Promise.resolve();
  };
  const validating = (epoch: number) => Promise.resolve(void before.push([epoch, heard.length]));
  const before: number[][] = [];
  const options = { ...OPTIONS, epochs: 3, schedule, finished, validating };
  await fit(new Regression(2), DATA, options);
  assert.deepEqual(before, [[0, 0], [1, 1], [2, 2]]);
  assert.deepEqual(heard, losses);
  assert.deepEqual(kept.map((k) => k.length), [1, 2, 3]);
});

Deno.test("fit() names epoch, step and a remedy when the loss is not finite", async () => {
  const schedule = { learningRate: (epoch: number) => epoch < 1 ? 0.1 : Infinity };
  const saved: number[] = [];
  const finished = ({ epoch }: { epoch: number }) => Promise.resolve(void saved.push(epoch));
  await assert.rejects(
    fit(new Regression(2), DATA, { ...OPTIONS, schedule, finished }),
    (error) =>
      error instanceof DivergedError && /NaN by step 3 of epoch 2.*--lr/.test(error.message),
  );
  assert.deepEqual(saved, [1]);
});

Deno.test("fit() refuses a batch that the images cannot fill", async () => {
  await assert.rejects(fit(new Regression(2), DATA, { ...OPTIONS, batch: 61 }), RangeError);
  assert.equal(stepsPerEpoch(60, 61), 0);
});

Deno.test("isBetter() prefers AUC, then the lower loss, and bears an undefined AUC", () => {
  const score = (auc: number, loss: number) => ({ epoch: 1, accuracy: 0, auc, loss });
  assert.equal(isBetter(score(0.5, 1), undefined), true);
  assert.equal(isBetter(score(0.7, 9), score(0.6, 1)), true);
  assert.equal(isBetter(score(0.6, 0), score(0.7, 1)), false);
  assert.equal(isBetter(score(0.7, 0.5), score(0.7, 0.6)), true);
  assert.equal(isBetter(score(NaN, 0.5), score(NaN, 0.6)), true);
  assert.equal(isBetter(score(0.7, 0.6), score(0.7, 0.6)), false);
});

Deno.test("fit() augments training images and no others", async () => {
  const asked: LoaderOptions[] = [];
  const listening = ({ loader, count }: ImageSet): ImageSet => ({
    count,
    loader: {
      batches(options) {
        asked.push(options);
        return loader.batches(options);
      },
    },
  });
  const data = { train: listening(DATA.train), validation: listening(DATA.validation) };
  const augment = readPipeline(PRESETS.strong.pipeline, { size: 2, resize: 2 });
  await fit(new Regression(2), data, { ...OPTIONS, epochs: 1, augment, classes: 2 });
  assert.deepEqual(asked.map((options) => [options.train, options.augment, options.classes]), [
    [true, augment, 2],
    [false, undefined, undefined],
  ]);
});
