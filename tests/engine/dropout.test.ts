/** What dropout promises: how much it drops, that masks repeat and differ; the device is tested by the cases. */

import { strict as assert } from "node:assert";
import { gradients } from "../../engine/autodiff.ts";
import { input } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { dropout, dropPath } from "../../engine/ops/dropout.ts";
import { sum } from "../../engine/ops/sum.ts";

const n = 20000;

/** Ones of [n, 1, 3] after dropout by `rate`. */
function ones(rate: number, seedValue: number, stream: number, op = dropout): Float64Array {
  const x = input("x", [n, 1, 3]);
  const seed = input("seed", []);
  const feeds = new Map([
    [x, new Float64Array(x.size).fill(1)],
    [seed, Float64Array.of(seedValue)],
  ]);
  return interpret([op(x, rate, seed, stream)], feeds)[0]!;
}

/** The share of places where both are kept, or both dropped. */
function agreement(a: Float64Array, b: Float64Array): number {
  return a.reduce((s, v, i) => s + (v > 0 === b[i]! > 0 ? 1 : 0), 0) / a.length;
}

Deno.test("dropout() drops its share and keeps the mean", () => {
  for (const rate of [0.1, 0.5, 0.8]) {
    const y = ones(rate, 7, 0);
    const dropped = y.filter((v) => v === 0).length / y.length;
    const deviation = Math.sqrt(rate * (1 - rate) / y.length);
    assert.ok(Math.abs(dropped - rate) < 4 * deviation, `${dropped} of ${rate}`);
    assert.ok(y.every((v) => v === 0 || v === 1 / (1 - rate)));
  }
  assert.ok(ones(1, 7, 0).every((v) => v === 0));
  assert.ok(ones(0, 7, 0).every((v) => v === 1));
});

Deno.test("dropout() repeats for a seed; steps, streams and elements are independent", () => {
  const y = ones(0.5, 7, 0);
  assert.deepEqual(ones(0.5, 7, 0), y);
  for (const [seed, stream] of [[8, 0], [7, 1], [8, 1], [2 ** 24 - 1, 0]] as const) {
    assert.ok(Math.abs(agreement(ones(0.5, seed, stream), y) - 0.5) < 0.01);
  }
  for (const shift of [1, 2, 3, 4]) {
    assert.ok(Math.abs(agreement(y.subarray(shift), y.subarray(0, -shift)) - 0.5) < 0.01);
  }
});

Deno.test("dropout() gives the gradient the mask of the value", () => {
  const x = input("x", [4, 5]);
  const seed = input("seed", [1]);
  const y = dropout(x, 0.5, seed, 2);
  const feeds = new Map([[x, new Float64Array(20).fill(1)], [seed, Float64Array.of(11)]]);
  const [values, grads] = interpret([y, ...gradients(sum(y), [x])], feeds);
  assert.deepEqual(grads, values);
});

Deno.test("dropPath() drops whole samples", () => {
  const y = ones(0.25, 3, 5, dropPath);
  const samples = Array.from({ length: n }, (_, i) => [...y.subarray(3 * i, 3 * i + 3)]);
  assert.ok(samples.every(([a, b, c]) => a === b && b === c));
  const dropped = samples.filter(([a]) => a === 0).length / n;
  assert.ok(Math.abs(dropped - 0.25) < 0.013, `${dropped}`);
});

Deno.test("dropout() refuses a rate outside of 0 to 1 and seeds of several numbers", () => {
  const x = input("x", [2, 2]);
  assert.throws(() => dropout(x, -0.1, input("seed", []), 0), RangeError);
  assert.throws(() => dropout(x, NaN, input("seed", []), 0), RangeError);
  assert.throws(() => dropout(x, 0.5, input("seed", [2]), 0), RangeError);
});
