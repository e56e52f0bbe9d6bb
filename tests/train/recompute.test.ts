/** Recomputation: the same gradients from fewer bytes kept, whatever is frozen or dropped. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { explain } from "../../engine/compile/explain.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { topological } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { linear } from "../../engine/nn/layers.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { toFloats } from "../../models/safetensors.ts";
import { planTraining } from "../../train/programs.ts";
import { Session, type SessionOptions } from "../../train/session.ts";
import { deviceTest } from "../device.ts";
import { simulate } from "../engine/simulate.ts";
import { assertClose, examples, optionsOf, stepOf } from "./blocks.ts";

const cases: Partial<SessionOptions>[] = [
  {},
  { frozenNorm: true },
  { freeze: 1 },
  { freeze: 2, optimizer: { name: "adam" }, layerDecay: 0.5 },
  { freeze: "backbone" },
];

for (const options of cases) {
  const name = JSON.stringify(options);
  Deno.test(`recomputed gradients are the same numbers, with ${name}`, () => {
    const [plain, again] = [stepOf(options), stepOf({ ...options, recompute: true })];
    const outputs = (
      { step }: typeof plain,
    ) => [step.loss, step.gradient, ...step.updates.values()];
    assert.deepEqual(
      interpret(outputs(again), again.feeds),
      interpret(outputs(plain), plain.feeds),
    );
  });

  Deno.test(`a plan that recomputes reads nothing that was overwritten, with ${name}`, () => {
    const { step } = stepOf({ ...options, recompute: true });
    for (const loadBound of [false, true]) simulate([step.gradient], step.updates, { loadBound });
  });

  deviceTest(`recomputed gradients are the same on the device, with ${name}`, async (device) => {
    const [plain, again] = await Promise.all(
      [stepOf(options), stepOf({ ...options, recompute: true })].map(({ step, feeds }) =>
        evaluate(device, [step.gradient], feeds)
      ),
    );
    assertClose(again![0]!, plain![0]!);
  });
}

Deno.test("a recomputed step keeps little more than the ends of blocks", () => {
  for (const options of cases) {
    const kept = (recompute: boolean) =>
      compile(stepOf({ ...options, recompute }).goal).memory.kept;
    const [whole, less] = [kept(false), kept(true)];
    if (options.freeze === "backbone") assert.equal(less, whole);
    else assert.ok(less < 0.7 * whole, `${JSON.stringify(options)}: ${less} of ${whole}`);
  }
});

Deno.test("recomputation about halves the memory of EfficientNet-B0 at 224 pixels", () => {
  const cost = (recompute: boolean) =>
    planTraining({
      ...{ model: "efficientnet_b0", classes: 2, size: 224, batch: 8, seed: 0, train: true },
      optimizer: { name: "adam" },
      recompute,
    });
  const [plain, again] = [cost(false), cost(true)];
  assert.ok(again.keptBytes < plain.keptBytes / 8, `kept ${again.keptBytes} of ${plain.keptBytes}`);
  assert.ok(
    again.peakBytes < 0.6 * plain.peakBytes,
    `peak ${again.peakBytes} of ${plain.peakBytes}`,
  );
  assert.ok(again.slotBytes < 0.7 * plain.slotBytes, `${again.slotBytes} of ${plain.slotBytes}`);
  assert.ok(again.bytesPerImage < 1.2 * plain.bytesPerImage);
});

Deno.test("models of every family keep less than half with recomputation", () => {
  for (const model of ["resnet50", "tf_efficientnet_lite0", "mobilenetv3_small_100"]) {
    const kept = (recompute: boolean) =>
      planTraining(optionsOf({ model, size: 64, recompute })).keptBytes;
    const [whole, less] = [kept(false), kept(true)];
    assert.ok(less < whole / 2, `${model}: ${less} of ${whole}`);
  }
});

Deno.test("batch statistics are taken once", () => {
  const count = (recompute: boolean) => {
    const { step } = stepOf({ recompute });
    return topological([...step.updates.values()], (t) => t.operands)
      .filter((t) => t.op.name === "moments").length;
  };
  assert.equal(count(true), count(false));
});

Deno.test("explain() marks what is computed again, and says what is kept", () => {
  const text = explain(compile(stepOf({ recompute: true }).goal));
  assert.match(text, / blocks\.1\.1\.conv_dw, again\n/);
  assert.match(text, / blocks\.0\.0\.conv_pw, again\n/);
  assert.match(text, /\nkept from the forward pass for later: \d/);
  assert.doesNotMatch(explain(compile(stepOf().goal)), /again/);
});

Deno.test("a model without blocks cannot be recomputed", () => {
  const flat: Model = (scope, images) => {
    const zero = { kind: "constant", value: 0 } as const;
    return linear(scope, "fc", squeeze(globalAveragePool(images)), 3, { weight: zero, bias: zero });
  };
  assert.throws(
    () => stepOf({ model: flat, recompute: true }),
    /^RangeError: Cannot recompute the blocks of the model: it marks none/,
  );
});

deviceTest("a recomputing session resumes to the bit", async (device) => {
  const rates = { learningRate: 0.01 };
  const options = optionsOf({ optimizer: { name: "adam" }, recompute: true });
  const whole = await Session.create(device, options);
  for (let i = 0; i < 2; i++) whole.step(examples, rates);
  const [weights, states] = [await whole.readWeights(), await whole.readOptimizer()];
  whole.step(examples, rates);
  const resumed = await Session.create(device, options);
  resumed.writeWeights(weights);
  resumed.writeOptimizer(states, 2);
  resumed.step(examples, rates);
  assert.deepEqual(await resumed.readWeights(), await whole.readWeights());
  assert.deepEqual(await resumed.readOptimizer(), await whole.readOptimizer());
  for (const session of [whole, resumed]) session.destroy();
});

deviceTest("recomputation from images that are bytes changes no weight", async (device) => {
  const after = async (recompute: boolean) => {
    const session = await Session.create(device, optionsOf({ recompute }));
    for (let i = 0; i < 2; i++) session.step(examples, { learningRate: 0.01 });
    const weights = await session.readWeights();
    session.destroy();
    return weights;
  };
  const [plain, again] = [await after(false), await after(true)];
  for (const [key, weight] of plain) {
    if (weight.dtype === "F32") assertClose(toFloats(again.get(key)!), toFloats(weight), key);
    else assert.deepEqual(again.get(key), weight);
  }
});
