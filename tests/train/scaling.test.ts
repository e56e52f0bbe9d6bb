/** Loss scaling: what a step does with gradients beyond halves, how the scale moves, and that it survives a checkpoint. */

import { strict as assert } from "node:assert";
import type { Device } from "../../engine/gpu/device.ts";
import { input } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { fromFloats, toFloats, type Weight } from "../../models/safetensors.ts";
import { captureScale, nextScale } from "../../train/scaling.ts";
import { Session, type SessionOptions } from "../../train/session.ts";
import { deviceTest } from "../device.ts";
import { examples, optionsOf } from "./blocks.ts";

const rates = { learningRate: 0.01 };

function create(device: Device, options: Partial<SessionOptions> = {}): Promise<Session> {
  return Session.create(
    device,
    optionsOf({
      ...{ precision: "f16", optimizer: { name: "adam" } },
      ...options,
    }),
  );
}

/** The states of a session, its loss scaled by `factor` since `taken` steps. */
async function scaledBy(session: Session, factor: number, taken: number) {
  const states = new Map(await session.readOptimizer());
  return states.set("loss_scale", fromFloats([2], Float32Array.of(factor, taken)));
}

/** All that a step changes; counters of batches count whatever passed. */
async function numbersOf(session: Session): Promise<Map<string, number[]>> {
  const all: (readonly [string, Weight])[] = [
    ...await session.readWeights(),
    ...await session.readOptimizer(),
  ];
  return new Map(
    all.filter(([key]) => !/loss_scale|tally|num_batches/.test(key))
      .map(([key, weight]) => [key, [...toFloats(weight)]]),
  );
}

async function scaleOf(session: Session): Promise<number[]> {
  return [...toFloats((await session.readOptimizer()).get("loss_scale")!)];
}

deviceTest("a step whose gradients overflow changes nothing but the scale", async (device) => {
  const session = await create(device);
  session.step(examples, rates);
  session.writeOptimizer(await scaledBy(session, 2 ** 120, 5), 1);
  const before = await numbersOf(session);
  await session.metrics();
  session.step(examples, rates);
  assert.deepEqual(await numbersOf(session), before);
  assert.deepEqual(await scaleOf(session), [2 ** 24, 0], "half of it, within bounds");
  const { scaling, skipped, longest, count, loss } = await session.metrics();
  assert.deepEqual([scaling, skipped, longest, count], [{ lossScale: 2 ** 24 }, 1, 0, 0]);
  assert.ok(Number.isNaN(loss), "no step was taken");

  session.writeOptimizer(await scaledBy(session, 2 ** 10, 5), 2);
  session.step(examples, rates);
  const after = await numbersOf(session);
  assert.deepEqual(await scaleOf(session), [2 ** 10, 6]);
  assert.equal((await session.metrics()).skipped, 0);
  for (const key of ["exp_avg.conv_stem.weight", "conv_stem.weight", "bn1.running_mean"]) {
    assert.notDeepEqual(after.get(key), before.get(key), key);
  }
  session.destroy();
});

deviceTest("one overflow among the batches of a step leaves all of it out", async (device) => {
  const session = await create(device, { accumulate: 2 });
  const before = await numbersOf(session);
  session.writeOptimizer(await scaledBy(session, 2 ** 120, 0), 0);
  for (let i = 0; i < 2; i++) session.accumulate(examples);
  session.update(rates);
  assert.deepEqual(await numbersOf(session), before);
  for (let i = 0; i < 2; i++) session.accumulate(examples);
  session.writeOptimizer(await scaledBy(session, 2 ** 8, 0), 1); // drops what was added up
  for (let i = 0; i < 2; i++) session.accumulate(examples);
  session.update(rates);
  const after = await numbersOf(session);
  for (const key of ["exp_avg.conv_stem.weight", "conv_stem.weight", "bn1.running_mean"]) {
    assert.notDeepEqual(after.get(key), before.get(key), key);
  }
  session.destroy();
});

for (
  const options of [{}, { accumulate: 2 }, { clipNorm: 0.1, layerDecay: 0.5 }] as Partial<
    SessionOptions
  >[]
) {
  deviceTest(
    `steps on halves are near those in float32: ${JSON.stringify(options)}`,
    async (device) => {
      const sessions = [
        await create(device, options),
        await create(device, { ...options, precision: "f32" }),
      ];
      const losses: number[] = [];
      for (const session of sessions) {
        for (let i = 0; i < 6; i++) {
          if (!options.accumulate) session.step(examples, rates);
          else {
            for (let k = 0; k < 2; k++) session.accumulate(examples);
            session.update(rates);
          }
        }
        losses.push((await session.metrics()).loss);
      }
      const [halves, whole] = losses as [number, number];
      assert.ok(Math.abs(halves / whole - 1) < 5e-3, `${halves}, ${whole}`);
      assert.notEqual(halves, whole);
      for (const session of sessions) session.destroy();
    },
  );
}

deviceTest("a run that resumes repeats the bits, its scale included", async (device) => {
  const whole = await create(device);
  const states = await scaledBy(whole, 2 ** 12, 1997); // doubles at the third step
  whole.writeOptimizer(states, 0);
  for (let i = 0; i < 2; i++) whole.step(examples, rates);
  const [weights, saved] = [await whole.readWeights(), await whole.readOptimizer()];
  for (let i = 0; i < 3; i++) whole.step(examples, rates);
  const resumed = await create(device);
  resumed.writeWeights(weights);
  resumed.writeOptimizer(saved, 2);
  for (let i = 0; i < 3; i++) resumed.step(examples, rates);
  assert.deepEqual(await scaleOf(whole), [2 ** 13, 2]);
  assert.deepEqual(await resumed.readOptimizer(), await whole.readOptimizer());
  assert.deepEqual(await resumed.readWeights(), await whole.readWeights());

  saved.delete("loss_scale");
  assert.throws(
    () => resumed.writeOptimizer(saved, 2),
    /^RangeError: Cannot use the states: loss_scale is missing, F32 \[2\] was needed/,
  );
  const plain = await create(device, { precision: "f32" });
  assert.throws(() => plain.writeOptimizer(states, 2), /loss_scale is unexpected/);
  for (const session of [whole, resumed, plain]) session.destroy();
});

Deno.test("the scale is halved by an overflow and doubled after 2000 steps without", () => {
  const scale = captureScale();
  const overflow = input("overflow", []);
  const next = [...nextScale(scale, overflow).values()];
  const after = (...[factor, taken, count]: number[]) =>
    interpret(
      next,
      new Map(
        ([[scale.factor, factor!], [scale.taken, taken!], [overflow, count!]] as const)
          .map(([t, value]) => [t, Float64Array.of(value)]),
      ),
    ).map(([value]) => value);
  assert.deepEqual(after(1024, 7, 0), [1024, 8]);
  assert.deepEqual(after(1024, 7, 300), [512, 0]);
  assert.deepEqual(after(1024, 1998, 0), [1024, 1999]);
  assert.deepEqual(after(1024, 1999, 0), [2048, 0]);
  assert.deepEqual(after(1, 3, 1), [1, 0]);
  assert.deepEqual(after(2 ** 24, 1999, 0), [2 ** 24, 0]);
});
