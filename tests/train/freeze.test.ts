/** Frozen stages and frozen norms: what stays to the bit, what costs nothing, and whose gradients are right. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { topological } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import type { FreezeOptions } from "../../engine/nn/stages.ts";
import { uniform } from "../../engine/ops/dropout.ts";
import { Session } from "../../train/session.ts";
import { deviceTest } from "../device.ts";
import { assertClose, examples, optionsOf, stages, stepOf } from "./blocks.ts";

const cases: readonly FreezeOptions[] = [
  {},
  { frozenNorm: true },
  { freeze: 2 },
  { freeze: 2, frozenNorm: true },
  { freeze: "backbone" },
];

/** Whether an entry of a file is of the first `count` stages; their norms that stand alone included. */
const inStages = (count: number) => (key: string) =>
  [...stages.slice(0, count), "bn1", ...count > 3 ? ["bn2"] : []].some((s) =>
    key.startsWith(`${s}.`)
  );

/** Whether an entry is a statistic of a norm, or its counter. */
const isStatistic = (key: string) => /running|batches/.test(key);

Deno.test("gradients of a step with frozen parts are those of central differences", () => {
  for (const options of cases) {
    const { variables: { parameters }, step, feeds } = stepOf(options);
    const values = feeds.get(parameters.tensor)!;
    const direction = values.map((_, i) => uniform(5, i) - 0.5);
    const at = (h: number) => {
      const moved = values.map((v, i) => v + h * direction[i]!);
      return interpret([step.loss], new Map(feeds).set(parameters.tensor, moved))[0]![0]!;
    };
    const expected = (at(1e-5) - at(-1e-5)) / 2e-5;
    const gradient = interpret([step.gradient], feeds)[0]!;
    const actual = gradient.reduce((s, g, i) => s + g * direction[i]!, 0);
    const name = JSON.stringify(options);
    assert.ok(Math.abs(actual - expected) < 1e-7 * Math.max(1, Math.abs(expected)), name);
  }
});

Deno.test("a step computes no gradient of what is frozen and nothing below it", () => {
  const backwardOps = (freeze: FreezeOptions) =>
    topological([stepOf(freeze).step.gradient], (t) => t.operands).map((t) => t.op.name)
      .filter((name) => /InputGradient|WeightGradient|matmul(NT|TN)|normSums|normBack/.test(name));
  const [whole, two] = [backwardOps({}), backwardOps({ freeze: 2 })];
  assert.ok(two.length > 0 && two.length < whole.length);
  // The classifier alone: the gradient of its matrix, none of its input.
  assert.deepEqual(backwardOps({ freeze: "backbone" }), ["matmulTN"]);
});

Deno.test("no dispatch of a step writes what is frozen", () => {
  const { variables: { frozen }, step } = stepOf({ freeze: 2 });
  assert.ok(!step.updates.has(frozen.tensor));
  const program = compile({ outputs: [], updates: step.updates });
  const { buffer } = program.locations.get(frozen.tensor)!;
  const bound = program.dispatches.flatMap((d) => d.bindings).filter((b) => b.buffer === buffer);
  assert.ok(bound.length > 0 && bound.every((b) => !b.write));
});

Deno.test("above frozen stages the first step is that of the whole model, where its norms are frozen too", () => {
  const gradientsOf = (options: FreezeOptions) => {
    const { variables: { parameters }, step, feeds } = stepOf(options);
    const numbers = Float32Array.from(interpret([step.gradient], feeds)[0]!);
    return new Map(parameters.decode(numbers).map(({ key, data }) => [key, data]));
  };
  const whole = gradientsOf({ frozenNorm: true });
  for (const freeze of [1, 2, 4]) {
    const above = gradientsOf({ frozenNorm: true, freeze });
    const expected = [...whole].filter(([key]) => above.has(key));
    assert.ok(above.size > 0 && above.size < whole.size);
    assert.deepEqual([...above], expected);
  }
});

for (const options of cases) {
  const name = JSON.stringify(options);
  deviceTest(`a step with ${name} on the device equals the reference`, async (device) => {
    const { variables, step, feeds } = stepOf(options);
    const outputs = [step.loss, step.gradient, ...step.updates.values()];
    const expected = interpret(outputs, feeds);
    const actual = await evaluate(device, outputs, feeds);
    expected.forEach((values, i) => assertClose(actual[i]!, values, `${i}`));
    assert.equal(
      step.updates.has(variables.statistics.tensor),
      variables.statistics.variables.length > 0,
    );
  });
}

const numbersOf = async (session: Session) => ({
  weights: await session.readWeights(),
  states: await session.readOptimizer(),
});

const sessions: [FreezeOptions, (key: string) => boolean][] = [
  [{ freeze: 2 }, inStages(2)],
  [{ freeze: 2, frozenNorm: true }, (key) => inStages(2)(key) || isStatistic(key)],
  [{ frozenNorm: true }, isStatistic],
  [{ freeze: "backbone" }, inStages(4)],
];
for (const [options, isFrozen] of sessions) {
  const what = `with ${JSON.stringify(options)} all but what is frozen moves`;
  deviceTest(`${what}, and a session resumes to the bit`, async (device) => {
    const create = () =>
      Session.create(
        device,
        optionsOf({ ...options, optimizer: { name: "adam", weightDecay: 0.1 } }),
      );
    const session = await create();
    const before = await session.readWeights();
    const rates = { learningRate: 0.01 };
    for (let i = 0; i < 3; i++) session.step(examples, rates);
    const { weights, states } = await numbersOf(session);
    assert.deepEqual([...weights.keys()], [...before.keys()]);
    for (const [key, { data }] of weights) {
      const was = before.get(key)!.data;
      assert.equal(data.every((byte, i) => byte === was[i]), isFrozen(key), key);
      assert.equal(states.has(`exp_avg.${key}`), !isFrozen(key) && !isStatistic(key), key);
    }
    session.step(examples, rates);
    const expected = await numbersOf(session);
    session.destroy();
    const resumed = await create();
    resumed.writeWeights(weights);
    resumed.writeOptimizer(states, 3);
    resumed.step(examples, rates);
    assert.deepEqual(await numbersOf(resumed), expected);
    resumed.destroy();
  });
}
