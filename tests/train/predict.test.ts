/** Tests of evaluation and prediction on a model that needs no device. */
import assert from "node:assert/strict";
import { evaluate, outputs } from "../../train/evaluate.ts";
import { ensemble, predict, type Prediction } from "../../train/predict.ts";
import { greys } from "./brightness.ts";
import { Regression } from "./regression.ts";

const OPTIONS = { batch: 4, size: 2, resize: 2, seed: 3 };

function model(classes = 2): Regression {
  const session = new Regression(classes);
  session.weights.set([-1, 0.5, 2, -0.25, 0.5, 0.1].slice(0, 2 * classes));
  return session;
}

Deno.test("evaluate() does not depend on the batch, so padding counts for nothing", async () => {
  const images = greys(10);
  const one = await evaluate(model(), images, { ...OPTIONS, batch: 1 });
  const padded = await evaluate(model(), images, { ...OPTIONS, batch: 7 });
  assert.deepEqual(padded, one);
  assert.equal(one.outputs.labels.length, 10);
});

Deno.test("evaluate() gives cross-entropy, accuracy and AUC of the outputs", async () => {
  const images = greys(6);
  const session = model();
  const { logits, labels } = await outputs(session, images, { ...OPTIONS, train: false, epoch: 0 });
  const margins = [...labels.keys()].map((i) => logits[2 * i + 1]! - logits[2 * i]!);
  const loss = margins.map((s, i) => Math.log1p(Math.exp(labels[i] === 1 ? -s : s)));
  const pairs = margins.flatMap((s, i) =>
    labels[i] === 1
      ? margins.filter((_, j) => labels[j] === 0).map((t) => s > t ? 1 : s === t ? 0.5 : 0)
      : []
  );
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const { scores: result } = await evaluate(session, images, OPTIONS);
  assert.ok(Math.abs(result.loss - mean(loss)) < 1e-12);
  assert.equal(result.auc, mean(pairs));
  assert.equal(result.accuracy, mean(margins.map((s, i) => s > 0 === (labels[i] === 1) ? 1 : 0)));
});

Deno.test("evaluate() has no AUC for a single class, and a mean over three", async () => {
  assert.equal((await evaluate(model(), greys(1), OPTIONS)).scores.auc, NaN);
  const { scores: { auc } } = await evaluate(model(3), greys(9, { classes: 3 }), OPTIONS);
  assert.ok(auc >= 0 && auc <= 1);
});

Deno.test("outputs() refuses a loader that leaves an image out or gives one twice", async () => {
  const images = greys(4);
  const settings = { ...OPTIONS, train: false, epoch: 0 };
  await assert.rejects(outputs(model(), { ...images, count: 5 }, settings), /image 4.*left it out/);
  const twice = {
    async *batches() {
      yield* images.loader.batches(settings);
      yield* images.loader.batches(settings);
    },
  };
  await assert.rejects(outputs(model(), { loader: twice, count: 4 }, settings), /came twice/);
});

const passes = (count: number) => Array.from({ length: count }, (_, i) => ({ pass: i + 1 }));

Deno.test("predict() averages the softmax over views and repeats for a seed", async () => {
  const images = greys(5);
  const plain = await predict(model(), images, OPTIONS);
  const two = await predict(model(), images, { ...OPTIONS, views: passes(2) });
  const again = await predict(model(), images, { ...OPTIONS, views: passes(2) });
  const other = await predict(model(), images, { ...OPTIONS, views: passes(2), seed: 4 });
  const each = await Promise.all(
    passes(2).map((view) => predict(model(), images, { ...OPTIONS, views: [view] })),
  );
  assert.deepEqual(two, again);
  for (const different of [plain, other, ...each]) {
    assert.notDeepEqual(two.probabilities, different.probabilities);
  }
  two.probabilities.forEach((p, i) => {
    const [a, b] = each.map(({ probabilities }) => probabilities[i]!) as [number, number];
    assert.ok(Math.abs(p - (a + b) / 2) < 1e-15);
    assert.ok(Math.abs(two.scatter[i]! - (a - b) ** 2 / 2) < 1e-15);
  });
  assert.deepEqual([two.views, [...two.labels]], [2, [0, 1, 0, 1, 0]]);
});

/** A prediction from one view; `first` has the probability of class 0 of each image. */
function prediction(...first: number[]): Prediction {
  const probabilities = Float64Array.from(first.flatMap((p) => [p, 1 - p]));
  const [n, scatter] = [first.length, new Float64Array(2 * first.length)];
  const logits = probabilities.map((p) => Math.log(p) + 5); // a softmax does not see the 5
  return { probabilities, logits, classes: 2, labels: new Int32Array(n), views: 1, scatter };
}

/** Asserts that numbers are those expected, to rounding. */
function close(actual: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((v, i) =>
    assert.ok(Math.abs(actual[i]! - v) < 1e-12, `${actual[i]} is not ${v}`)
  );
}

Deno.test("ensemble() averages probabilities, logits or ranks", () => {
  const both = [prediction(0.9, 0.5, 0.2), prediction(0.6, 0.5, 0.7)];
  const first = (average: "probabilities" | "logits" | "ranks") =>
    ensemble(both, average).scores.filter((_, i) => i % 2 === 0);
  close(first("probabilities"), [0.75, 0.5, 0.45]);
  // The mean logit of 9 to 1 and 3 to 2 is that of √(9 · 3/2) to 1.
  const odds = [Math.sqrt(9 * 1.5), 1, Math.sqrt(0.25 * 7 / 3)];
  close(first("logits"), odds.map((o) => o / (1 + o)));
  close(first("ranks"), [(5 / 6 + 3 / 6) / 2, (3 / 6 + 1 / 6) / 2, (1 / 6 + 5 / 6) / 2]);
  const tied = ensemble([prediction(0.5, 0.1, 0.5)], "ranks").scores;
  close(tied, [4 / 6, 2 / 6, 1 / 6, 5 / 6, 4 / 6, 2 / 6]);
});

Deno.test("ensemble() says how far models are apart, and refuses other images", () => {
  const both = ensemble([prediction(0.9, 0.5), prediction(0.5, 0.5)], "ranks");
  close(both.probabilities, [0.7, 0.3, 0.5, 0.5]);
  close(both.logits, [...both.scores].map(Math.log));
  const one = prediction(0.9, 0.5);
  assert.equal(ensemble([one], "probabilities").logits, one.logits); // a run's own bits
  close(both.spread, [0.2, 0]);
  assert.equal(both.views, 2);
  assert.throws(() => ensemble([prediction(0.5), prediction(0.5, 0.5)], "logits"), /same images/);
  assert.throws(() => ensemble([], "logits"), /at least one was needed/);
});
