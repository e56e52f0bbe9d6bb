/** The loss against numbers of PyTorch: class weights, smoothing, ignored rows, soft targets. */

import { strict as assert } from "node:assert";
import { type GoldenLoss, lossGraph } from "../../cli/golden/losses.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { input } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { softmaxCrossEntropy } from "../../engine/nn/losses.ts";
import { deviceTest } from "../device.ts";
import { shared } from "../shared.ts";

const logits = [[1, 2, .5], [.1, -1.2, 3]];
const soft = [[.2, .3, .5], [.7, .1, .2]];
const weight = [1, 2, 3];

// torch 1.13.1, torch.nn.functional.cross_entropy in float32.
const small: GoldenLoss[] = [
  { name: "plain", target: [2, 0], args: {}, loss: 2.466022491 },
  { name: "smooth", target: [2, 0], args: { "label_smoothing": .1 }, loss: 2.406022549 },
  { name: "weights", target: [2, 0], args: { weight }, loss: 2.215195656 },
  {
    name: "weights, smooth",
    target: [2, 0],
    args: { weight, "label_smoothing": .1 },
    loss: 2.160278320,
    grad: [[.1593039632, .4390187562, -.5983227491], [-.2191921175, -.0128127299, .2320048362]],
  },
  { name: "ignored", target: [-100, 0], args: { "label_smoothing": .1 }, loss: 2.914342642 },
  {
    name: "ignored, weights",
    target: [-100, 0],
    args: { weight, "label_smoothing": .1 },
    loss: 3.061110258,
    grad: [[0, 0, 0], [-.8767684698, -.0512509197, .9280193448]],
  },
  { name: "soft", target: soft, args: {}, loss: 1.966022491 },
  {
    name: "soft, weights, smooth",
    target: soft,
    args: { weight, "label_smoothing": .1 },
    loss: 3.253507614,
    grad: [[.1557724476, .4100501239, -.5658226013], [-.2918141186, -.1124722287, .4042863548]],
  },
].map((golden) => ({ logits, ...golden }));

/** The loss and its gradient by the reference, and on a device where one is given. */
async function check(golden: GoldenLoss, tolerance: number, device?: Device): Promise<void> {
  const { outputs, feeds } = lossGraph(golden);
  const results = device ? await evaluate(device, outputs, feeds) : interpret(outputs, feeds);
  const close = (actual: number, expected: number, what: string) =>
    assert.ok(
      Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
      `${golden.name}, ${what}: ${actual}, ${expected} was expected`,
    );
  close(results[0]![0]!, golden.loss, "loss");
  golden.grad?.flat().forEach((g, i) => close(results[1]![i]!, g, `gradient ${i}`));
}

for (const golden of small) {
  Deno.test(`softmaxCrossEntropy() is PyTorch's: ${golden.name}`, () => check(golden, 2e-7));
}

const file = shared("golden/training.json");
const golden: GoldenLoss[] = file ? JSON.parse(Deno.readTextFileSync(file)).losses : [];

Deno.test({
  name: "softmaxCrossEntropy() gives the golden losses and gradients",
  ignore: !file,
  fn: async () => {
    assert.ok(golden.length >= 11);
    for (const row of golden) await check(row, 1e-12);
  },
});

deviceTest("softmaxCrossEntropy() gives the golden losses on the device", async (device) => {
  for (const row of [...small, ...golden]) await check(row, 1e-6, device);
});

Deno.test("softmaxCrossEntropy() is NaN where no row counts, as PyTorch's", () => {
  const z = input("logits", [2, 3]);
  const t = input("targets", [2, 3]);
  const weights = input("weights", [2, 1]);
  const loss = softmaxCrossEntropy(z, t, { weights });
  const feeds = new Map([z, t, weights].map((x) => [x, new Float64Array(x.size)]));
  assert.ok(Number.isNaN(interpret([loss], feeds)[0]![0]));
});

Deno.test("softmaxCrossEntropy() refuses options that do not fit", () => {
  const z = input("logits", [2, 3]);
  const t = input("targets", [2, 3]);
  assert.throws(() => softmaxCrossEntropy(z, input("t", [2, 4])), RangeError);
  assert.throws(() => softmaxCrossEntropy(z, t, { classWeights: [1, 2] }), RangeError);
  assert.throws(() => softmaxCrossEntropy(z, t, { labelSmoothing: 1.5 }), RangeError);
  assert.throws(() => softmaxCrossEntropy(z, t, { weights: input("w", [2]) }), RangeError);
});
