/** The mean of weights over epochs: its numbers, its statistics, that it is saved, what ends a run with it. */

import { strict as assert } from "node:assert";
import type { Device } from "../../engine/gpu/device.ts";
import { convolution, linear, norm } from "../../engine/nn/layers.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { relu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { fromFloats, toFloats, type Weight } from "../../models/safetensors.ts";
import { finishAverage } from "../../train/recalibrate.ts";
import { firstBatches, trainingBatches } from "../../train/training_batches.ts";
import { type Examples, Session, type SessionOptions } from "../../train/session.ts";
import { WeightAverage } from "../../train/weight_average.ts";
import { deviceTest } from "../device.ts";
import { assertClose, classes, examples, optionsOf } from "./blocks.ts";
import { greys } from "./brightness.ts";
import { Regression } from "./regression.ts";

const weight = (...values: number[]) => fromFloats([values.length], Float32Array.from(values));
const counter = (n: number): Weight => ({
  dtype: "I64",
  shape: [],
  data: new Uint8Array(8).fill(n),
});

Deno.test("WeightAverage is the mean, keeps the last counters and goes on from what was saved", () => {
  const rows = [[1, 4], [2, 8], [6, 0], [3, 4]].map((values, i) =>
    new Map([["w", weight(...values)], ["n", counter(i)]])
  );
  const whole = new WeightAverage();
  for (const row of rows) whole.add(row);
  assert.equal(whole.count, 4);
  assert.deepEqual([...toFloats(whole.weights.get("w")!)], [3, 4]);
  assert.deepEqual(whole.weights.get("n"), counter(3));
  const first = new WeightAverage();
  for (const row of rows.slice(0, 2)) first.add(row);
  const later = new WeightAverage();
  later.add(rows[3]!); // replaced
  const others = later.restore(new Map([...first.entries(), ["exp_avg.w", weight(1)]]));
  assert.deepEqual([...others.keys()], ["exp_avg.w"]);
  for (const row of rows.slice(2)) later.add(row);
  assert.deepEqual(later.entries(), whole.entries());
  assert.equal(new WeightAverage().entries().size, 0);
});

/** A model that drops nothing, so that its batch statistics are the same in training. */
const normed: Model = (scope, images) => {
  const x = norm(scope, "bn", convolution(scope, "conv", images, 4, { kernel: 3 }));
  const initial = { kind: "uniform", bound: 0.5 } as const;
  return linear(scope, "fc", squeeze(globalAveragePool(relu(x))), classes, {
    ...{ weight: initial, bias: initial },
  });
};

/** Other images for each key. */
function batchOf(key: number): Examples {
  return { ...examples, images: (examples.images as Uint8Array).map((v) => (v * (key + 1)) % 251) };
}

async function* batches(...keys: number[]): AsyncGenerator<Examples> {
  for (const key of keys) yield await Promise.resolve(batchOf(key));
}

function create(device: Device, options: Partial<SessionOptions> = {}): Promise<Session> {
  return Session.create(device, optionsOf({ optimizer: { name: "adam" }, ...options }));
}

deviceTest("a session averages its weights, saves the mean and ends with it", async (device) => {
  const session = await create(device);
  assert.throws(() => session.useAverage(), /^TypeError: Cannot use the average of weights/);
  const seen: Map<string, Weight>[] = [];
  const take = async (session: Session, keys: readonly number[]) => {
    for (const key of keys) {
      session.step(batchOf(key), { learningRate: 0.01 });
      await session.addToAverage();
      seen.push(await session.readWeights());
    }
  };
  await take(session, [0, 1]);
  const [weights, states] = [await session.readWeights(), await session.readOptimizer()];
  await take(session, [2]);
  const later = await create(device);
  later.writeWeights(weights);
  later.writeOptimizer(states, 2);
  assert.equal(later.averaged, 2);
  await take(later, [2]);
  for (const one of [session, later]) one.useAverage();
  assert.deepEqual(await later.readWeights(), await session.readWeights());
  const mean = await session.readWeights();
  for (const key of ["conv_stem.weight", "bn2.running_var", "classifier.bias"]) {
    const rows = seen.slice(0, 3).map((one) => toFloats(one.get(key)!));
    assertClose(
      toFloats(mean.get(key)!),
      rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]! / 3, 0)),
      key,
    );
  }
  for (const one of [session, later]) one.destroy();
});

deviceTest(
  "estimateStatistics() takes the mean over batches, of the weights that are evaluated",
  async (device) => {
    const options = { model: normed, optimizer: { name: "sgd" } } as const;
    const single = async (key: number) => {
      const session = await create(device, options);
      session.step(batchOf(key), { learningRate: 0 });
      const weights = await session.readWeights();
      session.destroy();
      return (name: string, start: number) =>
        toFloats(weights.get(name)!).map((v) => (v - 0.9 * start) / 0.1);
    };
    const [a, b] = [await single(1), await single(2)];
    const session = await create(device, { ...options, average: { decay: 0.5 } });
    const before = await session.readOptimizer();
    await session.estimateStatistics(batches(0)); // forgotten
    await session.estimateStatistics(batches(1, 2));
    const weights = await session.readWeights();
    for (const [name, start] of [["bn.running_mean", 0], ["bn.running_var", 1]] as const) {
      const [x, y] = [a(name, start), b(name, start)];
      assertClose(toFloats(weights.get(name)!), x.map((v, i) => (v + y[i]!) / 2), name);
    }
    assert.deepEqual(await session.readOptimizer(), before);
    await assert.rejects(session.estimateStatistics(batches()), /^RangeError: Cannot estimate/);
    session.destroy();
  },
);

const FIT = {
  ...{ batch: 8, size: 2, resize: 2, seed: 1, epochs: 3, logEvery: 3 },
  schedule: { learningRate: () => 1 },
};

Deno.test("finishAverage() reads an epoch of training images, then validates", async () => {
  const data = { train: greys(60), validation: greys(30, { key: 9 }) };
  const regression = new Regression(2);
  const calls: string[] = [];
  const { scores, outputs } = await finishAverage(
    {
      useAverage: () => void calls.push("use"),
      estimateStatistics: async (batches) => {
        for await (const _ of batches) calls.push("batch");
      },
      evaluate: (batch) => regression.evaluate(batch as Parameters<Regression["evaluate"]>[0]),
    },
    data,
    FIT,
  );
  assert.deepEqual(calls, ["use", ...new Array(7).fill("batch")]);
  assert.equal(outputs.labels.length, 30);
  assert.ok(Math.abs(scores.loss - Math.LN2) < 1e-6);
  let count = 0;
  for await (const _ of firstBatches(trainingBatches(data.train, FIT, 0), 3)) count++;
  assert.equal(count, 3);
});
