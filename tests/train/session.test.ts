/** What a session keeps: steps, counters of batches, metrics, weights; and what it refuses. */

import { strict as assert } from "node:assert";
import { divide } from "../../data/divide.ts";
import { draw, readPipeline } from "../../data/pipeline.ts";
import { packed } from "../../data/prepare.ts";
import { apply } from "../../data/transforms/operations.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { convolution, linear, norm } from "../../engine/nn/layers.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { relu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { fromFloats, type Weight } from "../../models/safetensors.ts";
import { deviceAugmentation } from "../../train/augmentation.ts";
import { hasKernel } from "../../train/retouches.ts";
import { Session, type SessionOptions } from "../../train/session.ts";
import { deviceTest } from "../device.ts";

const [batch, size, classes] = [4, 6, 2];
const rates = { learningRate: 0.01 };
const examples = {
  images: Uint8Array.from({ length: batch * size * size * 4 }, (_, i) => i * 37 % 251),
  labels: Int32Array.of(0, 1, 1, 0),
};

const withoutNorm: Model = (scope, images) => {
  const zero = { kind: "constant", value: 0 } as const;
  const x = squeeze(globalAveragePool(images));
  return linear(scope, "fc", x, classes, { weight: zero, bias: zero });
};
const withNorm: Model = (scope, images) =>
  withoutNorm(
    scope,
    relu(norm(scope, "bn", convolution(scope, "conv", images, 4, { kernel: 3, stride: 2 }))),
  );

function create(device: Device, options: Partial<SessionOptions> = {}): Promise<Session> {
  return Session.create(device, {
    ...{ model: withNorm, classes, size, batch, seed: 1, train: true },
    optimizer: { name: "adam" },
    ...options,
  });
}

/** Batches that the norm has seen, by the file's counter. */
async function counter(session: Session): Promise<number> {
  const { data } = (await session.readWeights()).get("bn.num_batches_tracked")!;
  return Number(new BigInt64Array(data.slice().buffer)[0]);
}

deviceTest("a session resumes to the bit, its counters of batches too", async (device) => {
  const whole = await create(device);
  for (let i = 0; i < 3; i++) whole.step(examples, rates);
  const [weights, optimizer] = [await whole.readWeights(), await whole.readOptimizer()];
  assert.equal(await counter(whole), 3);
  const write = [
    (s: Session) => s.writeWeights(weights),
    (s: Session) => s.writeOptimizer(optimizer, 3),
  ];
  whole.step(examples, rates);
  const expected = await whole.readWeights();
  whole.destroy();
  for (const order of [write, write.toReversed()]) {
    const resumed = await create(device, { seed: 1 });
    resumed.step(examples, rates); // what came before is replaced
    for (const one of order) one(resumed);
    assert.equal(resumed.stepsDone, 3);
    assert.equal(await counter(resumed), 3);
    resumed.step(examples, rates);
    assert.deepEqual(await resumed.readWeights(), expected);
    resumed.destroy();
  }
});

deviceTest("a step that is refused is not counted", async (device) => {
  const session = await create(device);
  const bad = { ...examples, labels: Int32Array.of(0, 1, 2, 0) };
  assert.throws(() => session.step(bad, rates), /^RangeError: Cannot step: label 2 was given/);
  assert.equal(session.stepsDone, 0);
  session.step(examples, rates);
  assert.equal((await session.metrics()).count, batch);
  session.destroy();
});

deviceTest("metrics() counts the steps before it, whenever it is awaited", async (device) => {
  const session = await create(device);
  session.step(examples, { learningRate: 0 });
  const first = session.metrics();
  session.step(examples, { learningRate: 0 });
  const second = session.metrics();
  assert.equal((await first).count, batch);
  assert.deepEqual(await second, await first);
  session.destroy();
});

deviceTest("a model without norms gives its weights", async (device) => {
  for (const train of [true, false]) {
    const session = await create(device, { model: withoutNorm, train });
    assert.deepEqual([...(await session.readWeights()).keys()], ["fc.weight", "fc.bias"]);
    session.destroy();
  }
});

deviceTest("a session normalises bytes as it is told to", async (device) => {
  const preprocessing = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2] } as const;
  const model: Model = (_, images) => squeeze(globalAveragePool(images));
  const session = await create(device, { model, classes: 3, train: false, preprocessing });
  const means = await session.evaluate(examples);
  means.forEach((value, i) => {
    const [row, c] = [Math.floor(i / 3), i % 3];
    const channel = Array.from(
      { length: size * size },
      (_, p) => examples.images[(row * size * size + p) * 4 + c]! / 255,
    );
    const mean = channel.reduce((sum, v) => sum + v, 0) / channel.length;
    const expected = (mean - preprocessing.mean[c]!) / preprocessing.std[c]!;
    assert.ok(Math.abs(value - expected) < 1e-5, `${value}, ${expected} was expected`);
  });
  session.destroy();
});

deviceTest("a session refuses weights and states that are not its own", async (device) => {
  const session = await create(device);
  const weights = await session.readWeights();
  const half: Weight = { dtype: "F16", shape: [classes], data: new Uint8Array(2 * classes) };
  assert.throws(
    () => session.writeWeights(new Map(weights).set("fc.bias", half)),
    /^RangeError: Cannot use the weights: fc.bias is F16, F32 was needed/,
  );
  const optimizer = await session.readOptimizer();
  const other = fromFloats([classes], new Float32Array(classes));
  assert.throws(
    () => session.writeOptimizer(new Map(optimizer).set("momentum_buffer.fc.bias", other), 1),
    /^RangeError: Cannot use the states: momentum_buffer.fc.bias is unexpected/,
  );
  assert.equal(session.stepsDone, 0);
  session.destroy();
});

deviceTest("a session refuses to train a norm on one value of each channel", async (device) => {
  await assert.rejects(
    create(device, { batch: 1, size: 1 }),
    /^RangeError: Cannot normalise bn \[1,1,1,4\] by its batch.*frozen norms/,
  );
  const session = await create(device, { batch: 1, size: 1, frozenNorm: true });
  session.step({ images: new Uint8Array(4), labels: Int32Array.of(1) }, rates);
  assert.ok(Number.isFinite((await session.metrics()).loss));
  session.destroy();
});

deviceTest(
  "a session finishes images of steps as workers would, and none of evaluations",
  async (device) => {
    const parts = readPipeline([
      { name: "Resize", options: { size: [size, size] } },
      { name: "RandomSolarize", options: { threshold: 100, p: 0.5 } },
      { name: "ColorJitter", options: { contrast: 0.5, hue: 0.3 } },
    ], { size, resize: size });
    const division = divide(parts, hasKernel);
    const augment = deviceAugmentation(division);
    const drawn = Array.from(
      { length: batch },
      (_, i) => draw(division.device, [i], { width: size, height: size }).drawn,
    );
    const one = size * size * 4;
    const images = new Uint8Array(batch * one);
    for (const [i, list] of drawn.entries()) {
      const data = examples.images.subarray(i * one, (i + 1) * one).filter((_, k) => k % 4 < 3);
      images.set(packed(await apply({ width: size, height: size, data }, list)), i * one);
    }
    const finished = { ...examples, images };
    const left = { drawn, mixing: [] };
    const plain = await create(device);
    const augmenting = await create(device, { augment });
    plain.step(finished, rates);
    augmenting.step({ ...examples, left }, rates);
    assert.deepEqual(await augmenting.readWeights(), await plain.readWeights());
    assert.deepEqual(await augmenting.evaluate(finished), await plain.evaluate(finished));

    const unfinished = /^TypeError: Cannot use images in \w+ that are left to be augmented/;
    await assert.rejects(augmenting.evaluate({ ...examples, left }), unfinished);
    assert.throws(() => plain.step({ ...examples, left }, rates), unfinished);
    const passes = await create(device, { augment, train: false });
    passes.writeWeights(await plain.readWeights());
    assert.deepEqual(await passes.evaluate({ ...examples, left }), await plain.evaluate(finished));
    await assert.rejects(
      create(device, { augment, images: "numbers" }),
      /^RangeError: Cannot augment images that are fed as numbers/,
    );
    for (const session of [plain, augmenting, passes]) session.destroy();
  },
);
