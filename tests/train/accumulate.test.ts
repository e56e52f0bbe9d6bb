/** Steps of several batches: the same as one large batch, counted right, one program where there is one batch. */

import { strict as assert } from "node:assert";
import type { Device } from "../../engine/gpu/device.ts";
import { convolution, linear } from "../../engine/nn/layers.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { relu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { toFloats } from "../../models/safetensors.ts";
import { captureModel, captureTraining } from "../../train/captured.ts";
import { planTraining } from "../../train/programs.ts";
import { type Examples, Session, type SessionOptions } from "../../train/session.ts";
import { deviceTest } from "../device.ts";
import { assertClose, examples as blockExamples, optionsOf } from "./blocks.ts";

const [size, classes] = [6, 3];
const rates = { learningRate: 0.1 };

/** A model whose rows know nothing of each other. */
const plain: Model = (scope, images) => {
  const x = relu(convolution(scope, "conv", images, 8, { kernel: 3, stride: 2, bias: true }));
  const initial = { kind: "uniform", bound: 0.5 } as const;
  return linear(scope, "fc", squeeze(globalAveragePool(x)), classes, {
    ...{ weight: initial, bias: initial },
  });
};

function create(device: Device, options: Partial<SessionOptions>): Promise<Session> {
  return Session.create(device, {
    ...{ model: plain, classes, size, batch: 12, seed: 1, train: true },
    optimizer: { name: "adam" },
    ...options,
  });
}

/** Rows `from` to `to` of made-up examples; classes are not spread evenly. */
function rows(from: number, to: number, key: number): Examples {
  const one = size * size * 4;
  const images = Uint8Array.from({ length: 12 * one }, (_, i) => i * (37 + key) % 251);
  const labels = Int32Array.from({ length: 12 }, (_, i) => i < 5 ? 0 : (i + key) % classes);
  return { images: images.slice(from * one, to * one), labels: labels.slice(from, to) };
}

const settings: Partial<SessionOptions>[] = [
  {},
  { classWeights: [1, 3, 0.5], labelSmoothing: 0.1, clipNorm: 0.05 },
  { optimizer: { name: "sgd", momentum: 0.9, nesterov: true }, clipUnits: 0.02, clipValue: 0.01 },
];

for (const options of settings) {
  deviceTest(
    `three batches of 4 are one of 12, with ${JSON.stringify(options)}`,
    async (device) => {
      const whole = await create(device, options);
      const parts = await create(device, { ...options, batch: 4, accumulate: 3 });
      for (let t = 0; t < 3; t++) {
        whole.step(rows(0, 12, t), rates);
        for (const from of [0, 4, 8]) parts.accumulate(rows(from, from + 4, t));
        parts.update(rates);
      }
      const [expected, actual] = [await whole.metrics(), await parts.metrics()];
      assert.deepEqual([actual.count, actual.accuracy], [expected.count, expected.accuracy]);
      assert.ok(Math.abs(actual.loss / expected.loss - 1) < 1e-6, `${actual.loss}`);
      const weights = await parts.readWeights();
      for (const [key, weight] of await whole.readWeights()) {
        assertClose(toFloats(weights.get(key)!), toFloats(weight), key);
      }
      const start = await create(device, options);
      assert.notDeepEqual(await start.readWeights(), weights);
      for (const session of [whole, parts, start]) session.destroy();
    },
  );
}

deviceTest("norms see one batch of a step at a time, and count them", async (device) => {
  const session = await Session.create(device, optionsOf({ accumulate: 2 }));
  const alone = await Session.create(device, optionsOf());
  alone.writeWeights(await session.readWeights());
  for (let i = 0; i < 2; i++) session.accumulate(blockExamples);
  session.update({ learningRate: 0 });
  for (let i = 0; i < 2; i++) alone.step(blockExamples, { learningRate: 0 });
  const [weights, expected] = [await session.readWeights(), await alone.readWeights()];
  for (const key of ["bn2.num_batches_tracked", "bn1.running_mean", "bn1.running_var"]) {
    assert.deepEqual(weights.get(key), expected.get(key), key);
  }
  assert.equal(session.stepsDone, 1);
  for (const one of [session, alone]) one.destroy();
});

deviceTest(
  "a session that adds up batches resumes to the bit, and drops what it added",
  async (device) => {
    const take = (session: Session, steps: number) => {
      for (let i = 0; i < steps; i++) {
        for (const from of [0, 6]) session.accumulate(rows(from, from + 6, session.stepsDone));
        session.update(rates);
      }
    };
    const options = { batch: 6, accumulate: 2, optimizer: { name: "adam" } } as const;
    const whole = await create(device, options);
    take(whole, 2);
    const [weights, states] = [await whole.readWeights(), await whole.readOptimizer()];
    take(whole, 2);
    const resumed = await create(device, options);
    resumed.accumulate(rows(0, 6, 9));
    resumed.writeWeights(weights);
    resumed.writeOptimizer(states, 2);
    take(resumed, 2);
    assert.deepEqual(await resumed.readWeights(), await whole.readWeights());
    assert.deepEqual(await resumed.readOptimizer(), await whole.readOptimizer());
    for (const session of [whole, resumed]) session.destroy();
  },
);

deviceTest("a session refuses calls in another order than its own", async (device) => {
  const parts = await create(device, { batch: 6, accumulate: 2 });
  assert.throws(() => parts.step(rows(0, 6, 0), rates), /^TypeError: Cannot step a session that/);
  assert.throws(() => parts.profile(), /^TypeError: Cannot profile/);
  parts.accumulate(rows(0, 6, 0));
  assert.throws(
    () => parts.update(rates),
    /^TypeError: Cannot update: 1 batches were added up, 2 were needed/,
  );
  const whole = await create(device, {});
  assert.throws(() => whole.accumulate(rows(0, 12, 0)), /^TypeError: Cannot accumulate in a/);
  assert.throws(() => whole.update(rates), /^TypeError: Cannot update in a/);
  await assert.rejects(create(device, { accumulate: 0 }), /^RangeError: Cannot add up 0 batches/);
  for (const session of [parts, whole]) session.destroy();
});

Deno.test("a step of one batch is one program, that of several two", () => {
  const capture = (options: Partial<SessionOptions>) => {
    const whole = optionsOf(options);
    return captureTraining(captureModel(whole), whole);
  };
  assert.equal(capture({}).finish, undefined);
  assert.equal(capture({ accumulate: 1 }).finish, undefined);
  assert.notEqual(capture({ accumulate: 4 }).finish, undefined);
  // A batch writes the sum of gradients once; the update is shared by all batches of a step.
  const bytes = (accumulate: number) => planTraining(optionsOf({ accumulate })).bytesPerImage;
  assert.ok(bytes(64) < bytes(2));
});
