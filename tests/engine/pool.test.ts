/** Windows and poolings in numbers worked out by hand or by PyTorch; the device is tested by the cases. */

import { strict as assert } from "node:assert";
import { gradients } from "../../engine/autodiff.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { averagePool } from "../../engine/ops/average_pool.ts";
import { conv2d } from "../../engine/ops/conv2d.ts";
import { maxPool } from "../../engine/ops/max_pool.ts";
import { sum } from "../../engine/ops/sum.ts";

/** A pooling of a 3 × 3 image and its gradient by the image. */
function pool(values: number[], build: (x: Tensor) => Tensor): [number[], number[]] {
  const x = input("x", [1, 3, 3, 1]);
  const y = build(x);
  const [result, grad] = interpret(
    [y, ...gradients(sum(y), [x])],
    new Map([[x, Float64Array.from(values)]]),
  );
  return [[...result!], [...grad!]];
}

Deno.test("maxPool() sends the gradient of equal values to the first", () => {
  const [y, dx] = pool([1, 1, 1, 1, 1, 1, 1, 1, 1], (x) => maxPool(x, { kernel: 2, stride: 1 }));
  assert.deepEqual(y, [1, 1, 1, 1]);
  assert.deepEqual(dx, [1, 1, 0, 1, 1, 0, 0, 0, 0]);
});

Deno.test("maxPool() never takes the padding", () => {
  const values = [-1, -2, -3, -4, -5, -6, -7, -8, -9];
  const [y, dx] = pool(values, (x) => maxPool(x, { kernel: 3, stride: 2, padding: 1 }));
  assert.deepEqual(y, [-1, -2, -4, -5]);
  assert.deepEqual(dx, [1, 1, 0, 1, 1, 0, 0, 0, 0]);
});

Deno.test("averagePool() counts the padding unless told not to", () => {
  const ones = [1, 1, 1, 1, 1, 1, 1, 1, 1];
  const options = { kernel: 2, stride: 2, padding: 1 };
  const [y, dx] = pool(ones, (x) => averagePool(x, options));
  assert.deepEqual(y, [0.25, 0.5, 0.5, 1]);
  assert.deepEqual(dx, ones.map(() => 0.25));
  const [bare, bareGrad] = pool(
    ones,
    (x) => averagePool(x, { ...options, countIncludePad: false }),
  );
  assert.deepEqual(bare, [1, 1, 1, 1]);
  assert.deepEqual(bareGrad, [1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.5, 0.25, 0.25]);
});

Deno.test("same padding puts the odd zero below and to the right, axis by axis", () => {
  const x = input("x", [1, 2, 3, 1]);
  const w = input("w", [2, 2, 1, 1]);
  const y = conv2d(x, w, { padding: "same" });
  const [sums] = interpret(
    [y],
    new Map([[x, Float64Array.of(1, 2, 3, 4, 5, 6)], [w, Float64Array.of(1, 1, 1, 1)]]),
  );
  assert.deepEqual([...sums!], [12, 16, 9, 9, 11, 6]);
  // TensorFlow's sizes: ⌈length / stride⌉ whatever the window.
  const strided = conv2d(input("x", [1, 7, 8, 1]), w, { stride: 3, padding: "same" });
  assert.deepEqual(strided.shape, [1, 3, 3, 1]);
  const odd = maxPool(x, { kernel: 3, stride: 2, padding: "same" });
  const [largest] = interpret([odd], new Map([[x, Float64Array.of(6, 5, 4, 3, 2, 1)]]));
  assert.deepEqual([...largest!], [6, 5]);
});

Deno.test("conv2d() refuses windows that do not fit", () => {
  const x = input("x", [1, 3, 3, 2]);
  const w = input("w", [3, 3, 2, 4]);
  assert.deepEqual(conv2d(x, w).shape, [1, 1, 1, 4]);
  for (const options of [{ stride: 0 }, { stride: 1.5 }, { padding: -1 }, { padding: 0.5 }]) {
    assert.throws(() => conv2d(x, w, options), /^RangeError: Cannot move a window 3×3 by/);
  }
  assert.throws(() => conv2d(x, input("w", [4, 3, 2, 4])), RangeError);
});

Deno.test("maxPool() and averagePool() refuse windows that do not fit", () => {
  const x = input("x", [1, 3, 3, 2]);
  for (const op of [maxPool, averagePool]) {
    assert.throws(() => op(x, { kernel: 4 }), RangeError);
    assert.throws(() => op(x, { kernel: 3, padding: 2 }), RangeError);
    assert.throws(() => op(x, { kernel: 2, stride: 0 }), RangeError);
    assert.throws(() => op(x, { kernel: 1.5 }), RangeError);
    assert.throws(() => op(input("m", [3, 3]), { kernel: 2 }), RangeError);
  }
});
