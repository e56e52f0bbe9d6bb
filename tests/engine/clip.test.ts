/** Clipped gradients: PyTorch's numbers, bounds that hold, and what a NaN does. */

import { strict as assert } from "node:assert";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { pack } from "../../engine/ops/layout.ts";
import { clipByNorm, clipByUnit, clipByValue } from "../../engine/optim/clip.ts";
import { deviceTest } from "../device.ts";

function reference(build: (x: Tensor) => Tensor, values: readonly number[]): number[] {
  const x = input("x", [values.length]);
  return [...interpret([build(x)], new Map([[x, Float64Array.from(values)]]))[0]!];
}

// torch.nn.utils.clip_grad_norm_ of [3, 4] and [0, 0, 12].
const norms = {
  gradient: [3, 4, 0, 0, 12],
  clipped: [0.230769217, 0.3076922894, 0, 0, 0.9230768681],
};

Deno.test("clipByNorm() is PyTorch's, below the limit too", () => {
  reference((g) => clipByNorm(g, 1), norms.gradient)
    .forEach((g, i) => assert.ok(Math.abs(g - norms.clipped[i]!) < 1e-7));
  assert.deepEqual(reference((g) => clipByNorm(g, 14), norms.gradient), norms.gradient);
  assert.ok(reference((g) => clipByNorm(g, 1), [1, NaN]).every(Number.isNaN));
});

deviceTest("clipByNorm() sums up an arena whose parts leave gaps", async (device) => {
  const parts = [input("a", [2]), input("b", [3])];
  const feeds = new Map([[parts[0]!, [3, 4]], [parts[1]!, [0, 0, 12]]]);
  const [clipped] = await evaluate(device, [clipByNorm(pack(parts), 1)], feeds);
  const found = [0, 1, 64, 65, 66].map((i) => clipped![i]!);
  found.forEach((g, i) => assert.ok(Math.abs(g - norms.clipped[i]!) < 1e-6, `${found}`));
});

Deno.test("clipByValue() bounds every number and keeps NaN", () => {
  assert.deepEqual(reference((g) => clipByValue(g, 2), [-3, -1, 0, 2.5, NaN]), [-2, -1, 0, 2, NaN]);
});

Deno.test("clipByUnit() bounds each channel by its own weights, timm's adaptive clipping", () => {
  const [w, g] = [input("w", [2, 2]), input("g", [2, 2])];
  const feeds = new Map([
    [w, Float64Array.of(3, 0, 4, 0)], // channels of norm 5 and 0
    [g, Float64Array.of(6, 3e-6, 8, 4e-6)], // of norm 10 and 5e-6
  ]);
  const [clipped] = interpret([clipByUnit(w, g, { axes: [0], factor: 0.01 })], feeds);
  const expected = [0.03, 3e-6, 0.04, 4e-6]; // 5 · 0.01, and 0.001 · 0.01 where weights are 0
  clipped!.forEach((v, i) => assert.ok(Math.abs(v - expected[i]!) <= 1e-12, `${clipped}`));
});

Deno.test("clipping refuses limits that are none", () => {
  const g = input("g", [4]);
  for (const limit of [0, -1, NaN]) {
    assert.throws(() => clipByNorm(g, limit), RangeError);
    assert.throws(() => clipByValue(g, limit), RangeError);
    assert.throws(() => clipByUnit(g, g, { axes: [0], factor: limit }), RangeError);
  }
});
