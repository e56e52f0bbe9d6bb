/** Tests of when the loop stops, what it calls better, and what it warns of. No device. */
import assert from "node:assert/strict";
import type { RunEvent } from "../../train/events.ts";
import { DivergedError } from "../../train/epoch.ts";
import { fit, type FitOptions } from "../../train/fit.ts";
import { overfit } from "../../train/overfit.ts";
import { suggestedRate } from "../../train/lr_find.ts";
import { bestEpochs, isBetter } from "../../train/selection.ts";
import { constantWarning, firstLossWarning } from "../../train/warnings.ts";
import type { Batch } from "../../data/loader.ts";
import { greys } from "./brightness.ts";
import { Regression } from "./regression.ts";

const OPTIONS: FitOptions = {
  ...{ batch: 8, size: 2, resize: 2, seed: 1, epochs: 9, logEvery: 3 },
  schedule: { learningRate: () => 3 },
};

const DATA = { train: greys(60), validation: greys(30, { key: 9 }) };

/** A model whose answers in validation get surer for `rising` steps and less sure afterwards. */
class Tiring extends Regression {
  readonly #rising: number;
  #taken = 0;

  constructor(rising: number) {
    super(2);
    this.#rising = rising;
  }

  override step(batch: Batch, rates: { readonly learningRate: number }): void {
    super.step(batch, rates);
    this.#taken++;
  }

  override evaluate({ labels }: Batch): Promise<Float32Array<ArrayBuffer>> {
    const sure = Math.min(this.#taken, 2 * this.#rising - this.#taken) / this.#rising;
    const rows = [...labels].map((label) => label === 1 ? [0, sure] : [sure, 0]);
    return Promise.resolve(Float32Array.from(rows.flat()));
  }
}

Deno.test("fit() stops when patience ends, counted from the best epoch, also across a resumption", async () => {
  const events: RunEvent[] = [];
  const options = { ...OPTIONS, patience: 2, monitor: "loss" } as const;
  const result = await fit(new Tiring(21), DATA, options, (event) => events.push(event));
  const epochs = events.filter((e) => e.event === "epoch");
  assert.deepEqual([result.best!.epoch, result.epoch, result.stopped], [3, 5, true]);
  assert.deepEqual(epochs.map(({ best }) => best), [true, true, true, false, false]);
  const last = events.at(-1);
  assert.ok(last?.event === "note" && /no better loss for 2 epochs/.test(last.text));
  const again = await fit(new Tiring(21), DATA, {
    ...options,
    resume: { epoch: 5, best: result.best },
  });
  assert.deepEqual([again.epoch, again.stopped], [5, true]);
  const patient = await fit(new Tiring(21), DATA, { ...options, patience: 0 });
  assert.deepEqual([patient.epoch, patient.stopped], [9, false]);
});

Deno.test("fit() until an epoch, then resumed, is the whole run", async () => {
  const whole = new Regression(2);
  await fit(whole, DATA, { ...OPTIONS, epochs: 4 });
  const parts = new Regression(2);
  const { epoch, best } = await fit(parts, DATA, { ...OPTIONS, epochs: 4, until: 3 });
  assert.equal(epoch, 3);
  assert.notDeepEqual(parts.weights, whole.weights);
  await fit(parts, DATA, { ...OPTIONS, epochs: 4, resume: { epoch, best } });
  assert.deepEqual(parts.weights, whole.weights);
});

Deno.test("fit() rehearses validation before the first step, and only then", async () => {
  class Broken extends Regression {
    override evaluate(batch: Batch): Promise<Float32Array<ArrayBuffer>> {
      return Promise.resolve(new Float32Array(2 * batch.labels.length).fill(NaN));
    }
  }
  const broken = new Broken(2);
  await assert.rejects(
    fit(broken, DATA, { ...OPTIONS, rehearsal: 2 }),
    (error) => error instanceof DivergedError && /before the first step/.test(error.message),
  );
  assert.equal(broken.rates.length, 0);
  const resume = { epoch: 1, best: { epoch: 1, accuracy: 1, auc: 1, loss: 1 } };
  await assert.rejects(fit(broken, DATA, { ...OPTIONS, rehearsal: 2, resume }));
  assert.equal(broken.rates.length, 7);
  const whole = new Regression(2);
  const plain = new Regression(2);
  await fit(whole, DATA, { ...OPTIONS, epochs: 1, rehearsal: 2 });
  await fit(plain, DATA, { ...OPTIONS, epochs: 1 });
  assert.deepEqual(whole.weights, plain.weights);
});

Deno.test("fit() warns of a first loss far from ln(classes) and of constant predictions, once each", async () => {
  const warnings = async (session: Regression) => {
    const events: RunEvent[] = [];
    const options = { ...OPTIONS, epochs: 3, fresh: 2, schedule: { learningRate: () => 0 } };
    await fit(session, DATA, options, (event) => events.push(event));
    return events.flatMap((e) => e.event === "warning" ? [e.text] : []);
  };
  const sure = new Regression(2);
  sure.weights.set([0, 5, 0, -5]);
  const said = await warnings(sure);
  assert.equal(said.length, 2, said.join("\n"));
  assert.match(said[0]!, /^The first loss is [3-5]\.\d+, far from ln 2 = 0\.693: .*wrong answers/);
  assert.match(said[1]!, /^All 30 validation images are predicted to be of class 0$/);
  const knowing = new Regression(2);
  knowing.weights.set([-9, 0, 9, 0]);
  assert.match((await warnings(knowing)).join(), /knows the answers before it learns/);
  const even = new Regression(2);
  even.weights.set([-0.1, 0, 0.1, 0]);
  assert.deepEqual(await warnings(even), []);
});

Deno.test("reading the first loss changes no number of the log", async () => {
  const log = async (fresh: number | undefined) => {
    const events: RunEvent[] = [];
    await fit(new Regression(2), DATA, { ...OPTIONS, epochs: 1, fresh }, (e) => events.push(e));
    return events.flatMap((e) => e.event === "step" ? [e.loss, e.accuracy, e.step] : []);
  };
  const [read, unread] = [await log(2), await log(undefined)];
  assert.equal(read.length, unread.length);
  read.forEach((x, i) => assert.ok(Math.abs(x - unread[i]!) < 1e-12));
});

Deno.test("warnings know what is usual", () => {
  assert.equal(firstLossWarning(1, 2), undefined);
  assert.match(firstLossWarning(1, 10)!, /ln 10 = 2\.303: the classifier knows/);
  const outputs = { logits: Float32Array.of(1, 0, 2, 1), labels: Int32Array.of(0, 0), classes: 2 };
  assert.equal(constantWarning(outputs), undefined);
  assert.match(constantWarning({ ...outputs, labels: Int32Array.of(0, 1) })!, /class 0/);
});

Deno.test("isBetter() goes by any score in its own direction", () => {
  const score = (epoch: number, ece: number, auc: number) => ({
    epoch,
    accuracy: 0,
    loss: 1,
    auc,
    ece,
  });
  const scores = [score(1, 0.3, 0.9), score(2, 0.1, 0.5), score(3, 0.2, 0.7), score(4, NaN, 0.6)];
  assert.equal(isBetter(scores[1]!, scores[0], "ece"), true);
  assert.equal(isBetter(scores[1]!, scores[0]), false);
  assert.deepEqual(bestEpochs(scores.slice(0, 3), { count: 2, monitor: "ece" }), [2, 3]);
  assert.deepEqual(bestEpochs(scores, { count: 3 }), [1, 3, 4]);
});

Deno.test("overfit() tells a model that learns from one that cannot", async () => {
  const batches: Batch[] = [];
  const options = { ...{ batch: 4, size: 2, seed: 0, train: true, epoch: 0 } };
  for await (const batch of greys(4, { key: 3 }).loader.batches(options)) batches.push(batch);
  const learning = await overfit(new Regression(2), batches, { learningRate: 30, rounds: 300 });
  assert.ok(
    learning.learned && learning.loss < 0.02 && learning.rounds < 300,
    JSON.stringify(learning),
  );
  const still = await overfit(new Regression(2), batches, { learningRate: 0, rounds: 20 });
  assert.deepEqual([still.learned, still.rounds], [false, 20]);
  assert.ok(Math.abs(still.loss - Math.LN2) < 1e-9);
  const wild = await overfit(new Regression(2), batches, { learningRate: Infinity, rounds: 20 });
  assert.ok(!wild.learned && wild.rounds < 4 && Number.isNaN(wild.loss));
});

Deno.test("suggestedRate() is in the middle of the fall, and nowhere without one", () => {
  const curve = (loss: (x: number) => number) =>
    Array.from({ length: 81 }, (_, k) => {
      const x = -7 + k / 10;
      return { rate: 10 ** x, loss: loss(x), smoothed: loss(x) };
    });
  // Flat to 1e-4, a fall to 1e-2, a rise.
  const fall = (x: number) => x < -4 ? 1 : x < -2 ? 1 - 0.4 * (x + 4) : 0.2 + 2 * (x + 2);
  const rate = suggestedRate(curve(fall))!;
  assert.ok(Math.abs(Math.log10(rate) + 2.9) < 0.15, `${rate}`);
  assert.equal(suggestedRate(curve(() => 1)), undefined);
  // Losses that jump by 0.2 around a mean that wanders by less.
  const restless = curve((x) => 0.7 + 0.05 * Math.sin(9 * x))
    .map((point, k) => ({ ...point, loss: point.smoothed + 0.2 * (-1) ** k }));
  assert.equal(suggestedRate(restless), undefined);
  assert.equal(suggestedRate(curve((x) => 1 + (x + 7))), undefined);
});
