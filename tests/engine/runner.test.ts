/** Programs on the device: states over several runs equal the reference, whatever the graph and its plan. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { Memory } from "../../engine/gpu/memory.ts";
import { Runner } from "../../engine/gpu/runner.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { uniform } from "../../engine/ops/dropout.ts";
import { add, full, mul } from "../../engine/ops/pointwise.ts";
import { sum } from "../../engine/ops/sum.ts";
import { deviceTest } from "../device.ts";
import { randomGoal } from "./random_goal.ts";

/** Numbers between −1/2 and 1/2. */
function numbers(count: number, seed: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.fround(uniform(seed, i) - 0.5));
}

function assertClose(actual: Float32Array, expected: Float64Array, what: string): void {
  const scale = Math.max(1, ...expected.map(Math.abs));
  expected.forEach((v, i) => {
    assert.ok(Math.abs(actual[i]! - v) < 1e-5 * scale, `${what}[${i}]: ${actual[i]}, not ${v}`);
  });
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  deviceTest(`a random program, ${seed}, equals the reference for two runs`, async (device) => {
    const { states, x, outputs, updates } = randomGoal(seed);
    const fresh = outputs.filter((t) => !states.includes(t));
    const program = compile({ outputs: fresh, updates }, device.limits);
    const memory = new Memory(device);
    let feeds = new Map<Tensor, Float64Array>(
      [...states, x].map((t, i) => [t, numbers(t.size, seed + i)]),
    );
    for (const [t, values] of feeds) memory.write(t, values);
    const runner = await Runner.create(program, memory);
    for (const run of [1, 2]) {
      runner.run();
      const expected = interpret([...fresh, ...updates.values()], feeds);
      for (const [i, t] of fresh.entries()) {
        assertClose(await runner.read(t), expected[i]!, `run ${run}, output ${i}`);
      }
      feeds = new Map(feeds);
      for (const [i, state] of [...updates.keys()].entries()) {
        const values = expected[fresh.length + i]!;
        assertClose(await runner.read(state), values, `run ${run}, ${state.label}`);
        feeds.set(state, values);
      }
    }
    runner.destroy();
    memory.destroy();
  });
}

deviceTest("updates that read each other are computed before any is kept", async (device) => {
  const [p, m, g] = ["p", "m", "g"].map((name) => input(name, [3, 5])) as [Tensor, Tensor, Tensor];
  const mean = add(m, mul(g, full(0.5, [])));
  // The first to be written reads the second, and both read the states.
  const updates = new Map([[p, add(p, mul(mean, m))], [m, mean]]);
  const feeds = new Map([p, m, g].map((t, i) => [t, numbers(15, i + 1)]));
  const memory = new Memory(device);
  for (const [t, values] of feeds) memory.write(t, values);
  const runner = await Runner.create(compile({ outputs: [], updates }, device.limits), memory);
  runner.run();
  const expected = interpret([...updates.values()], feeds);
  assertClose(await runner.read(p), expected[0]!, "p");
  assertClose(await runner.read(m), expected[1]!, "m");
  assert.equal(runner.program.dispatches.length, 1);
  runner.destroy();
  memory.destroy();
});

deviceTest("two programs share their states, and repeat to the bit", async (device) => {
  const weights = input("weights", [3, 5]);
  const x = input("x", [3, 5]);
  const step = compile({
    outputs: [],
    updates: new Map([[weights, add(weights, mul(x, full(0.1, [])))]]),
  });
  const y = sum(mul(weights, x));
  const read = compile({ outputs: [y] });
  const losses = await Promise.all([0, 1].map(async () => {
    const memory = new Memory(device);
    memory.write(x, numbers(15, 3));
    memory.write(weights, numbers(15, 4));
    const training = await Runner.create(step, memory);
    const evaluation = await Runner.create(read, memory);
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      training.run();
      evaluation.run();
      seen.push((await evaluation.read(y))[0]!);
    }
    training.destroy();
    evaluation.destroy();
    memory.destroy();
    return seen;
  }));
  assert.deepEqual(losses[0], losses[1]);
  assert.ok(losses[0]![0]! < losses[0]![1]! && losses[0]![1]! < losses[0]![2]!);
});
