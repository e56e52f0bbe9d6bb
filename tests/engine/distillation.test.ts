/** Distillation against its formula in float64, central differences, and the device. */

import { strict as assert } from "node:assert";
import { gradients } from "../../engine/autodiff.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { distilled, divergence } from "../../engine/nn/distillation.ts";
import { crossEntropySums } from "../../engine/nn/losses.ts";
import { probabilities } from "../../engine/ops/cross_entropy.ts";
import { div } from "../../engine/ops/pointwise.ts";
import { deviceTest } from "../device.ts";

const [n, k, temperature, share] = [3, 5, 2, 0.3];
const [student, teacher, targets] = ["student", "teacher", "targets"].map((name) =>
  input(name, [n, k])
) as [Tensor, Tensor, Tensor];
const numbers = (factor: number) =>
  Float64Array.from({ length: n * k }, (_, i) => Math.fround(3 * Math.sin(factor * (i + 1))));
const [s, t] = [numbers(1.7), numbers(2.9)];
const oneHot = Float64Array.from(
  { length: n * k },
  (_, i) => i % k === [4, 0, 2][i / k | 0] ? 1 : 0,
);
const feeds = new Map([[student, s], [teacher, t], [targets, oneHot]]);

/** The softmax of row `i` of `z`, divided by `temperature`. */
function softmax(z: Float64Array, i: number, temperature: number): number[] {
  const powers = [...z.subarray(i * k, (i + 1) * k)].map((v) => Math.exp(v / temperature));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => v / total);
}

const rows = [0, 1, 2];
const apart = rows.map((i) => {
  const [p, q] = [softmax(t, i, temperature), softmax(s, i, temperature)];
  return p.reduce((sum, v, c) => sum + v * Math.log(v / q[c]!), 0);
});
const told = rows.map((i) => -Math.log(softmax(s, i, 1)[[4, 0, 2][i]!]!));
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / n;
const wanted = (1 - share) * mean(told) + share * temperature ** 2 * mean(apart);

const sums = distilled(crossEntropySums(student, targets), student, {
  ...{ logits: teacher, share, temperature },
});
const loss = div(sums.total, sums.count);

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(
      Math.abs(actual[i]! - expected[i]!) < tolerance,
      `${actual[i]} is not ${expected[i]}`,
    );
  }
}

Deno.test("a distilled loss is its formula, and nothing where student and teacher agree", () => {
  const outputs = [probabilities(teacher), divergence(student, teacher, temperature), loss];
  const [p, d, l] = interpret(outputs, feeds);
  close(p!, rows.flatMap((i) => softmax(t, i, 1)), 1e-14);
  close(d!, apart, 1e-14);
  close(l!, [wanted], 1e-14);
  const [same] = interpret(
    [divergence(student, teacher, 3)],
    new Map([[student, s], [teacher, s]]),
  );
  close(same!, [0, 0, 0], 1e-14);
});

Deno.test("the slope of a distilled loss is that of central differences; none reaches a teacher", () => {
  const [dy, none] = interpret(gradients(loss, [student, teacher]), feeds);
  const step = 1e-5;
  const differences = s.map((_, i) => {
    const at = (by: number) => {
      const moved = s.slice();
      moved[i]! += by;
      return interpret([loss], new Map(feeds).set(student, moved))[0]![0]!;
    };
    return (at(step) - at(-step)) / (2 * step);
  });
  close(dy!, differences, 1e-9);
  assert.ok(none!.every((v) => v === 0));
});

deviceTest("a device distils as the reference does", async (device) => {
  const outputs = [loss, ...gradients(loss, [student])];
  const expected = interpret(outputs, feeds);
  const actual = await evaluate(device, outputs, feeds);
  actual.forEach((values, i) => close(values, expected[i]!, 2e-6));
});

Deno.test("a share or a temperature that means nothing is refused", () => {
  const refused = (options: { share: number; temperature: number }, message: RegExp) => {
    const told = crossEntropySums(student, targets);
    assert.throws(() => distilled(told, student, { logits: teacher, ...options }), message);
  };
  refused({ share: 1.5, temperature: 2 }, /a share from 0 to 1 was needed/);
  refused({ share: 0.5, temperature: 0 }, /Cannot divide logits by 0/);
});
