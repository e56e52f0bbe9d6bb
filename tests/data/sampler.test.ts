/** Tests of the order of an epoch: frequencies, repeats, and what it depends on. */
import assert from "node:assert/strict";
import { DataError } from "../../data/errors.ts";
import { shuffled } from "../../data/random.ts";
import type { Sample } from "../../data/sample.ts";
import { epochOrder, type Sampler } from "../../data/sampler.ts";

/** 1 in 10 is of class 1; weights 0, 1, 2, 3 in turn. */
const SAMPLES: Sample[] = Array.from({ length: 200 }, (_, i) => ({
  name: `${i}`,
  path: `${i}`,
  label: i % 10 === 0 ? 1 : 0,
  weight: i % 4,
}));

/** How often each sample comes in many epochs, as a share of all draws. */
function shares(sampler: Sampler, samples = SAMPLES, epochs = 200): Float64Array {
  const counts = new Float64Array(samples.length);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const i of epochOrder(samples, { sampler, seed: 5, epoch }).indices) counts[i]!++;
  }
  return counts.map((count) => count / (epochs * samples.length));
}

function sumOf(values: Float64Array, chosen: (sample: Sample) => boolean): number {
  return values.reduce((sum, value, i) => sum + (chosen(SAMPLES[i]!) ? value : 0), 0);
}

Deno.test("shuffle sees each sample once, in the order of shuffled()", () => {
  const { indices, repeats } = epochOrder(SAMPLES, { seed: 3, epoch: 2 });
  assert.deepEqual(indices, shuffled(200, 3, 2));
  assert.ok(repeats.every((repeat) => repeat === 0));
});

Deno.test("weighted draws samples in proportion to their weights", () => {
  const drawn = shares("weighted");
  for (const weight of [0, 1, 2, 3]) {
    const share = sumOf(drawn, (sample) => sample.weight === weight);
    // 40,000 draws: a deviation of 0.0025 is one in a thousand's standard error at most.
    assert.ok(Math.abs(share - weight / 6) < 0.01, `${share} of weight ${weight}`);
  }
  assert.ok(drawn.every((share, i) => (share > 0) === (SAMPLES[i]!.weight! > 0)));
});

Deno.test("balanced draws classes alike and the samples of a class by their weights", () => {
  const drawn = shares("balanced");
  assert.ok(Math.abs(sumOf(drawn, ({ label }) => label === 1) - 0.5) < 0.01);
  // The weights of class 1 are 0 and 2 in turn.
  assert.ok(
    SAMPLES.every(({ label, weight }, i) => label === 0 || (drawn[i]! > 0) === weight! > 0),
  );
  const plain = SAMPLES.map(({ weight: _, ...sample }) => sample);
  const even = shares("balanced", plain);
  assert.ok(plain.every(({ label }, i) => Math.abs(even[i]! * (label === 1 ? 40 : 360) - 1) < 0.5));
});

Deno.test("the order depends on seed and epoch alone and counts repeats", () => {
  for (const sampler of ["balanced", "weighted"] as const) {
    const order = epochOrder(SAMPLES, { sampler, seed: 1, epoch: 1 });
    assert.deepEqual(epochOrder(SAMPLES, { sampler, seed: 1, epoch: 1 }), order);
    assert.notDeepEqual(epochOrder(SAMPLES, { sampler, seed: 1, epoch: 2 }), order);
    assert.notDeepEqual(epochOrder(SAMPLES, { sampler, seed: 2, epoch: 1 }), order);
    const pairs = new Set(order.indices.entries().map(([k, i]) => `${i} ${order.repeats[k]}`));
    assert.equal(pairs.size, 200);
    assert.ok(Math.max(...order.repeats) > 0);
  }
});

Deno.test("weights that leave nothing to draw are refused", () => {
  const zero = SAMPLES.map((sample) => ({ ...sample, weight: sample.label === 1 ? 0 : 1 }));
  assert.throws(
    () => epochOrder(zero, { sampler: "balanced", seed: 0, epoch: 0 }),
    (error) => error instanceof DataError && /class 1 have weight 0/.test(error.message),
  );
  epochOrder(zero, { sampler: "weighted", seed: 0, epoch: 0 });
  const none = zero.map((sample) => ({ ...sample, weight: 0 }));
  assert.throws(() => epochOrder(none, { sampler: "weighted", seed: 0, epoch: 0 }), DataError);
});
