/** Binary cross-entropy and focal loss: plain float64 loops, the device, what smoothing and weights do. */

import { strict as assert } from "node:assert";
import { gradients } from "../../engine/autodiff.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { input } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { lossSums, type NamedLossOptions } from "../../engine/nn/losses.ts";
import { div } from "../../engine/ops/pointwise.ts";
import { deviceTest } from "../device.ts";

const [n, k] = [4, 3];
const logits = [[1, 2, -0.5], [0.1, -1.2, 3], [9, -40, 0], [-0.3, 0.2, 0.1]];
const targets = [[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 0.3, 0.7]];
const counts = [1, 2, 0.5, 1];

/** A loss in plain words: what a row costs, and what the sum is divided by. */
interface Expected {
  readonly name: string;
  readonly options: Omit<NamedLossOptions, "weights">;
  readonly cost: (z: readonly number[], t: readonly number[]) => number;
  readonly divisor: number;
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const softmax = (z: readonly number[]) => {
  const e = z.map((v) => Math.exp(v - Math.max(...z)));
  return e.map((v) => v / total(e));
};
const binary = (z: readonly number[], t: readonly number[], w: readonly number[]) =>
  total(
    z.map((v, c) => -w[c]! * (t[c]! * Math.log(sigmoid(v)) + (1 - t[c]!) * Math.log(sigmoid(-v)))),
  );
const ones = [1, 1, 1];
const weights = [0.5, 1, 2];
const rows = total(counts);

const losses: Expected[] = [
  { name: "bce", options: { loss: "bce" }, cost: (z, t) => binary(z, t, ones), divisor: rows * k },
  {
    name: "bce, summed over classes",
    options: { loss: "bce", sumClasses: true },
    cost: (z, t) => binary(z, t, ones),
    divisor: rows,
  },
  {
    name: "bce, smoothed and weighted",
    options: { loss: "bce", labelSmoothing: 0.1, classWeights: weights },
    cost: (z, t) => binary(z, t.map((v) => 0.9 * v + 0.1 / k), weights),
    divisor: rows * k,
  },
  {
    name: "bce, targets above a threshold",
    options: { loss: "bce", threshold: 0.2 },
    cost: (z, t) => binary(z, t.map((v) => v > 0.2 ? 1 : 0), ones),
    divisor: rows * k,
  },
  {
    name: "focal",
    options: { loss: "focal", soft: true },
    cost: (z, t) => total(softmax(z).map((p, c) => -t[c]! * (1 - p) ** 2 * Math.log(p))),
    divisor: rows,
  },
  {
    name: "focal, smoothed and weighted",
    options: { loss: "focal", focus: 1.5, labelSmoothing: 0.1, classWeights: weights },
    cost: (z, t) =>
      total(
        softmax(z).map((p, c) =>
          -weights[c]! * (0.9 * t[c]! + 0.1 / k) * (1 - p) ** 1.5 * Math.log(p)
        ),
      ),
    divisor: total(targets.map((t, i) => counts[i]! * total(t.map((v, c) => v * weights[c]!)))),
  },
];

async function computed({ options }: Expected, device?: Device) {
  const z = input("logits", [n, k]);
  const t = input("targets", [n, k]);
  const w = input("weights", [n, 1]);
  const sums = lossSums(z, t, { ...options, weights: w });
  const loss = div(sums.total, sums.count);
  const outputs = [loss, sums.count, ...gradients(loss, [z])];
  const feeds = new Map([
    [z, Float64Array.from(logits.flat())],
    [t, Float64Array.from(targets.flat())],
    [w, Float64Array.from(counts)],
  ]);
  return device ? await evaluate(device, outputs, feeds) : interpret(outputs, feeds);
}

for (const golden of losses) {
  const mean = (z: readonly (readonly number[])[]) =>
    total(z.map((row, i) => counts[i]! * golden.cost(row, targets[i]!))) / golden.divisor;

  Deno.test(`${golden.name}: the loss and its slopes are those of plain loops`, async () => {
    const [loss, count, slopes] = await computed(golden);
    assert.ok(Math.abs(loss![0]! - mean(logits)) < 1e-12, `${loss}, ${mean(logits)}`);
    assert.ok(Math.abs(count![0]! - golden.divisor) < 1e-12);
    const h = 1e-5;
    logits.flat().forEach((_, i) => {
      const moved = (by: number) =>
        mean(logits.map((row, r) => row.map((v, c) => r * k + c === i ? v + by : v)));
      const expected = (moved(h) - moved(-h)) / (2 * h);
      assert.ok(Math.abs(slopes![i]! - expected) < 1e-8, `${i}: ${slopes![i]}, ${expected}`);
    });
  });

  deviceTest(`${golden.name}: the device equals the reference`, async (device) => {
    const [actual, expected] = [await computed(golden, device), await computed(golden)];
    expected.forEach((values, o) => {
      const scale = Math.max(...Array.from(values, Math.abs));
      values.forEach((v, i) => assert.ok(Math.abs(actual[o]![i]! - v) < 3e-6 * scale, `${o} ${i}`));
    });
  });
}

Deno.test("a focus of 0 is cross-entropy, and one below is refused", async () => {
  const none = {
    name: "",
    options: { loss: "focal", focus: 0 },
    cost: () => 0,
    divisor: 0,
  } as const;
  const plain = { ...none, options: {} };
  assert.deepEqual(await computed(none), await computed(plain));
  await assert.rejects(computed({ ...none, options: { loss: "focal", focus: -1 } }), RangeError);
});
