/** Weights in half precision: what they become, by how much they change, and what does not fit. */

import assert from "node:assert/strict";
import { halve } from "../../export/half.ts";
import { fromFloats, type Weight } from "../../models/safetensors.ts";

/** F16 numbers by what their bits mean: a sign, five bits of exponent, ten of fraction (IEEE 754). */
function halves({ data }: Weight): number[] {
  return Array.from({ length: data.length / 2 }, (_, i) => {
    const bits = data[2 * i]! | data[2 * i + 1]! << 8;
    const [exponent, fraction] = [bits >> 10 & 31, (bits & 1023) / 1024];
    const size = exponent === 0 ? 2 ** -14 * fraction : 2 ** (exponent - 15) * (1 + fraction);
    return bits >> 15 ? -size : size;
  });
}

Deno.test("halve() rounds to the nearest half, ties to even, and halves the bytes", () => {
  const numbers = [1, -2.5, 0, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 2 ** -24, 2 ** -26, 0.1];
  const weight = fromFloats([3, 3], Float32Array.from(numbers));
  const half = halve(new Map([["w", weight]])).weights.get("w")!;
  assert.deepEqual([half.dtype, half.shape, half.data.length], ["F16", [3, 3], 18]);
  const tenth = 1638 / 2 ** 14;
  assert.deepEqual(halves(half), [1, -2.5, 0, 1, 1 + 2 ** -9, 65504, 2 ** -24, 0, tenth]);
});

Deno.test("halve() says by how much numbers change", () => {
  const rounding = (...numbers: number[]) =>
    halve(new Map([["w", fromFloats([numbers.length], Float32Array.from(numbers))]])).rounding;
  assert.deepEqual(rounding(1, 0.5, 2 ** -14, -3), { relative: 0, absolute: 0 });
  assert.deepEqual(rounding(1, 1 + 2 ** -11), { relative: 2 ** -11 / (1 + 2 ** -11), absolute: 0 });
  assert.deepEqual(rounding(2 ** -25, 1), { relative: 0, absolute: 2 ** -25 });
});

Deno.test("halve() keeps counters and what is half already", () => {
  const counter: Weight = { dtype: "I64", shape: [], data: new Uint8Array(8).fill(1) };
  const half: Weight = { dtype: "F16", shape: [1], data: Uint8Array.of(0, 60) };
  const weights = new Map([["n", counter], ["h", half]]);
  assert.deepEqual(halve(weights).weights, weights);
});

Deno.test("halve() refuses by its name a tensor with numbers that do not fit", () => {
  for (const x of [65520, -1e9, Infinity, NaN]) {
    const weights = new Map([["bn1.running_var", fromFloats([2], Float32Array.of(1, x))]]);
    assert.throws(
      () => halve(weights),
      new RangeError(
        `Cannot store bn1.running_var in half precision: it holds ${x}, numbers below 65520 were needed`,
      ),
    );
  }
});
