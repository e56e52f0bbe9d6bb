/** Learning rates of parts of a model: how far each part goes in a step, and that nothing changes without them. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { interpret } from "../../engine/interpret.ts";
import type { OptimizerOptions } from "../../engine/optim/mod.ts";
import type { RateOptions } from "../../train/rates.ts";
import { Session } from "../../train/session.ts";
import { deviceTest } from "../device.ts";
import { assertClose, examples, learningRate, optionsOf, stages, stepOf } from "./blocks.ts";

const decayed: RateOptions = { headFactor: 10, layerDecay: 0.5 };

/** The factor that `decayed` gives an entry of a file. */
function expectedFactor(key: string): number {
  if (key.startsWith("classifier.")) return 10;
  const stage = /^bn[12]\./.test(key)
    ? { 1: 0, 2: 3 }[key[2]!]! // they stand beside the stem and the head
    : stages.findIndex((name) => key.startsWith(name));
  return 0.5 ** (stages.length - 1 - stage);
}

const optimizers: readonly OptimizerOptions[] = [
  { name: "sgd" },
  { name: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.1 },
  { name: "adam", weightDecay: 0.1 },
];

/** How far each parameter moves in a step, and its gradient, in float64. */
function moved(optimizer: OptimizerOptions, rates: RateOptions = {}) {
  const { variables: { parameters }, step, feeds } = stepOf({ optimizer, ...rates });
  const outputs = [step.updates.get(parameters.tensor)!, step.gradient];
  const [after, gradient] = interpret(outputs, feeds) as [Float64Array, Float64Array];
  const before = feeds.get(parameters.tensor)!;
  const distance = Float32Array.from(after, (v, i) => v - before[i]!);
  return {
    distances: parameters.decode(distance),
    gradients: parameters.decode(Float32Array.from(gradient)),
  };
}

Deno.test("a step of SGD goes learning rate × factor × gradient in each stage", () => {
  const { distances, gradients } = moved({ name: "sgd" }, decayed);
  distances.forEach(({ key, data }, i) => {
    const factor = expectedFactor(key);
    data.forEach((distance, k) => {
      const expected = -learningRate * factor * gradients[i]!.data[k]!;
      assert.ok(Math.abs(distance - expected) <= 1e-6 * Math.abs(expected) + 1e-12, key);
    });
  });
});

for (const optimizer of optimizers) {
  const name = JSON.stringify(optimizer);
  Deno.test(`factors scale the whole step of ${name}, its weight decay too`, () => {
    const [plain, scaled] = [moved(optimizer), moved(optimizer, decayed)];
    scaled.distances.forEach(({ key, data }, i) => {
      const factor = expectedFactor(key);
      data.forEach((distance, k) => {
        const expected = factor * plain.distances[i]!.data[k]!;
        assert.ok(Math.abs(distance - expected) <= 1e-6 * Math.abs(expected) + 1e-12, key);
      });
    });
    assert.deepEqual(scaled.gradients, plain.gradients);
  });

  deviceTest(
    `a step of ${name} with factors on the device equals the reference`,
    async (device) => {
      const { variables: { parameters }, step, feeds } = stepOf({ optimizer, ...decayed });
      const outputs = [parameters.tensor, ...step.states].map((t) => step.updates.get(t)!);
      const expected = interpret(outputs, feeds);
      const actual = await evaluate(device, outputs, feeds);
      expected.forEach((values, i) => assertClose(actual[i]!, values, `${i}`));
    },
  );
}

Deno.test("factors of 1 cost nothing: the program is the one without them", () => {
  const text = (options: RateOptions) => compile(stepOf(options).goal).dispatches;
  assert.deepEqual(text({ headFactor: 1, layerDecay: 1 }), text({}));
  assert.notDeepEqual(text(decayed), text({}));
  // Nor do they where all that is trained learns at the full rate.
  const alone = (options: RateOptions) =>
    compile(stepOf({ freeze: "backbone", ...options }).goal).dispatches;
  assert.deepEqual(alone({ layerDecay: 0.5 }), alone({}));
});

Deno.test("the optimizer stays one dispatch with factors", () => {
  for (const optimizer of optimizers) {
    const count = (rates: RateOptions) =>
      compile(stepOf({ optimizer, ...rates }).goal).dispatches.length;
    assert.equal(count(decayed), count({}));
  }
});

deviceTest("a session resumes to the bit with factors, under a schedule", async (device) => {
  const options = optionsOf({ optimizer: { name: "adam" }, freeze: 1, ...decayed });
  const session = await Session.create(device, options);
  for (const rate of [0.01, 0.02]) session.step(examples, { learningRate: rate });
  const [weights, states] = [await session.readWeights(), await session.readOptimizer()];
  session.step(examples, { learningRate: 0.03 });
  const expected = await session.readWeights();
  session.destroy();
  const resumed = await Session.create(device, options);
  resumed.writeWeights(weights);
  resumed.writeOptimizer(states, 2);
  resumed.step(examples, { learningRate: 0.03 });
  assert.deepEqual(await resumed.readWeights(), expected);
  resumed.destroy();
});

Deno.test("rates that are none are refused", () => {
  for (const headFactor of [0, -1, NaN, Infinity]) {
    assert.throws(
      () => stepOf({ headFactor }),
      /^RangeError: Cannot multiply the learning rate of/,
    );
  }
  for (const layerDecay of [0, -1, 1.5, NaN]) {
    assert.throws(() => stepOf({ layerDecay }), /^RangeError: Cannot decay learning rates by/);
  }
});
