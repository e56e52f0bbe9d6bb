/** Tests of evaluation and prediction on a model that needs no device. */
import assert from "node:assert/strict";
import { evaluate, outputs } from "../../train/evaluate.ts";
import { formatSubmission, predict } from "../../train/predict.ts";
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

Deno.test("predict() averages the softmax over augmented passes and repeats for a seed", async () => {
  const images = greys(5);
  const plain = await predict(model(), images, OPTIONS);
  const two = await predict(model(), images, { ...OPTIONS, passes: 2 });
  const again = await predict(model(), images, { ...OPTIONS, passes: 2 });
  const other = await predict(model(), images, { ...OPTIONS, passes: 2, seed: 4 });
  const one = await predict(model(), images, { ...OPTIONS, passes: 1 });
  assert.deepEqual(two, again);
  for (const different of [plain, other, one]) {
    assert.notDeepEqual(two.probabilities, different.probabilities);
  }
  for (let i = 0; i < 5; i++) {
    assert.ok(Math.abs(two.probabilities[2 * i]! + two.probabilities[2 * i + 1]! - 1) < 1e-12);
  }
});

Deno.test("formatSubmission() writes a row for each name in the given order", () => {
  const probabilities = Float64Array.of(0.75, 0.25, 0.5, 0.5);
  const text = formatSubmission(["b.jpg", 'a,".jpg'], { probabilities, classes: 2 }, ["0", "1"]);
  assert.equal(text, 'img_name,y_pred\nb.jpg,0.25\n"a,"".jpg",0.5\n');
  const three = formatSubmission(["x"], {
    probabilities: Float64Array.of(0.25, 0.5, 0.25),
    classes: 3,
  }, ["cat", "dog", "owl"]);
  assert.equal(three, "img_name,cat,dog,owl\nx,0.25,0.5,0.25\n");
});

Deno.test("formatSubmission() refuses a probability that is missing or not finite", () => {
  const probabilities = Float64Array.of(0.75, NaN);
  assert.throws(() => formatSubmission(["b.jpg"], { probabilities, classes: 2 }, []), /b\.jpg/);
});
