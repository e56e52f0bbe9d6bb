/** Soups of weights whose worth is known, and the means of tensors. */
import assert from "node:assert/strict";
import { fromFloats, toFloats, type Weight } from "../../models/safetensors.ts";
import { SCORE_NAMES, type Scores } from "../../train/metrics/scores.ts";
import { averageWeights, makeSoup } from "../../train/soup.ts";

type Weights = ReadonlyMap<string, Weight>;

const weights = (...values: number[]): Weights =>
  new Map([["w", fromFloats([values.length], Float32Array.from(values))]]);

/** Worth more the nearer the weights are to (1, 1). */
function measure(all: Weights): Promise<Scores> {
  const [x, y] = toFloats(all.get("w")!) as unknown as [number, number];
  const scores = Object.fromEntries(SCORE_NAMES.map((name) => [name, 0])) as unknown as Scores;
  return Promise.resolve({ ...scores, auc: 1 - Math.hypot(x - 1, y - 1) });
}

const right = { name: "right", weights: weights(1.75, 1) };
const left = { name: "left", weights: weights(0, 1) };
const far = { name: "far", weights: weights(1, 4) };

Deno.test("a soup keeps what makes it better and leaves out what makes it worse", async () => {
  let count = 0;
  const soup = await makeSoup([far, left, right], measure, { measured: () => count++ });
  assert.deepEqual(soup.tasted.map(({ name, kept }) => [name, kept]), [
    ["right", true],
    ["left", true],
    ["far", false],
  ]);
  assert.deepEqual([...toFloats(soup.weights.get("w")!)], [0.875, 1]);
  assert.equal(soup.scores.auc, 0.875);
  const [first, second, third] = soup.tasted.map((t) => t.soup_auc);
  assert.deepEqual([first, second], [0.25, 0.875]);
  assert.ok(Math.abs(third! - (1 - Math.hypot(1 / 12, 1))) < 1e-6, "of all three");
  assert.equal(count, 5);
});

Deno.test("a soup is never worse than the best ingredient, and the same in any order", async () => {
  const best = { name: "best", weights: weights(1, 1.125) };
  for (const all of [[best, left, far], [far, left, best]]) {
    const soup = await makeSoup(all, measure);
    assert.deepEqual(soup.weights, best.weights);
    assert.equal(soup.scores.auc, 0.875);
  }
});

Deno.test("a uniform soup has all, though it be worse", async () => {
  const soup = await makeSoup([right, far], measure, { uniform: true });
  assert.deepEqual([...toFloats(soup.weights.get("w")!)], [1.375, 2.5]);
  assert.ok(soup.scores.auc < soup.tasted[0]!.auc);
  assert.ok(soup.tasted.every(({ kept }) => kept));
});

Deno.test("a soup needs ingredients and areas to compare", async () => {
  await assert.rejects(makeSoup([], measure), /Cannot make a soup of nothing/);
  const nothing = async (all: Weights) => ({ ...await measure(all), auc: NaN });
  await assert.rejects(makeSoup([right], nothing), /Cannot compare right: its AUC is undefined/);
});

Deno.test("averageWeights() averages floats, keeps counters and refuses what does not fit", () => {
  const counter = (n: number): [string, Weight] => [
    "n",
    { dtype: "I64", shape: [], data: new Uint8Array(8).fill(n) },
  ];
  const [a, b] = [new Map([...weights(1, 2), counter(1)]), new Map([...weights(4, 0), counter(2)])];
  const mean = averageWeights([a, b, b]);
  assert.deepEqual([...toFloats(mean.get("w")!)], [3, Math.fround(2 / 3)]);
  assert.deepEqual(mean.get("n"), a.get("n"));
  assert.throws(
    () => averageWeights([a, weights(1)]),
    /Cannot average w: it is F32 \[1\], F32 \[2\]/,
  );
  assert.throws(() => averageWeights([a, weights(1, 2)]), /Cannot average n: it is missing/);
});
