/** Learning from a teacher: another model with other preprocessing, where labels say nothing. */

import { strict as assert } from "node:assert";
import type { Device } from "../../engine/gpu/device.ts";
import { convolution, linear, norm } from "../../engine/nn/layers.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { uniform } from "../../engine/ops/dropout.ts";
import { relu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { softmax } from "../../train/metrics/probabilities.ts";
import { Session, type SessionOptions } from "../../train/session.ts";
import { deviceTest } from "../device.ts";

const [batch, size, classes] = [8, 4, 2];

/** A convolution, its mean, a classifier: no norm, so that training sees what evaluation does. */
const student: Model = (scope, images) => {
  const x = relu(convolution(scope, "conv", images, 4, { kernel: 3, bias: true }));
  const initial = { kind: "uniform", bound: 0.5 } as const;
  const features = squeeze(globalAveragePool(x));
  return linear(scope, "fc", features, classes, { weight: initial, bias: initial });
};

/** Another architecture, with a norm whose running statistics matter. */
const teacher: Model = (scope, images) => {
  const x = norm(scope, "bn", convolution(scope, "stem", images, 3, { bias: true }));
  const initial = { kind: "uniform", bound: 0.5 } as const;
  return linear(scope, "head", squeeze(globalAveragePool(x)), classes, {
    ...{ weight: initial, bias: initial },
  });
};

const seenByTeacher = { mean: [0.5, 0.4, 0.3], std: [0.1, 0.2, 0.3] } as const;

/** Grey images with a tint: bytes of [n, size, size, 4]. */
function images(key: number): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(batch * size * size * 4);
  for (let i = 0; i < pixels.length; i++) {
    const image = Math.floor(i / (size * size * 4));
    const tint = uniform(key, image * 4 + i % 4);
    if (i % 4 < 3) pixels[i] = 255 * (0.7 * tint + 0.3 * uniform(key + 1, i));
  }
  return pixels;
}

/** A teacher that spreads its logits widely, so that it is sure. */
async function teach(device: Device) {
  const session = await Session.create(device, {
    ...{ model: teacher, classes, size, batch, seed: 7, train: false, optimizer: { name: "sgd" } },
    preprocessing: seenByTeacher,
  });
  const weights = await session.readWeights();
  const floats = (name: string) => new Float32Array(weights.get(name)!.data.slice().buffer);
  const replace = (name: string, values: Float32Array<ArrayBuffer>) =>
    weights.set(name, { ...weights.get(name)!, data: new Uint8Array(values.buffer) });
  replace("bn.running_mean", floats("bn.running_mean").map((_, i) => 0.3 * i - 0.2));
  replace("bn.running_var", floats("bn.running_var").map((_, i) => 0.5 + i));
  // Class 1 is what is red, class 0 what is green.
  replace("stem.weight", Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1));
  replace("head.weight", Float32Array.of(-1.5, 2, 0, 1.5, -2, 0));
  session.writeWeights(weights);
  return { session, weights };
}

function learn(device: Device, distill: SessionOptions["distill"], accumulate = 1) {
  return Session.create(device, {
    ...{ model: student, classes, size, batch, seed: 1, train: true, accumulate, distill },
    preprocessing: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    optimizer: { name: "adam" },
  });
}

deviceTest(
  "the loss of a step mixes labels and what the teacher says of the same images",
  async (device) => {
    const { session: asked, weights } = await teach(device);
    const [share, temperature] = [0.3, 4];
    const distill = { model: teacher, weights, preprocessing: seenByTeacher, share, temperature };
    const session = await learn(device, distill);
    const labels = Int32Array.from({ length: batch }, (_, i) => i % 2);
    const expected = async (key: number) => {
      const [z, t] = [
        await session.evaluate({ images: images(key) }),
        await asked.evaluate({ images: images(key) }),
      ];
      const q1 = softmax(z, classes);
      const [p, q] = [t, z].map((logits) =>
        softmax(Float64Array.from(logits, (v) => v / temperature), classes)
      ) as [Float64Array, Float64Array];
      let loss = 0;
      labels.forEach((label, i) =>
        loss -= (1 - share) * Math.log(q1[i * classes + label]!) / batch
      );
      p.forEach((v, i) => loss += share * temperature ** 2 * v * Math.log(v / q[i]!) / batch);
      return loss;
    };
    const wanted = [await expected(10), await expected(20)];
    session.step({ images: images(10), labels }, { learningRate: 0 });
    const { loss } = await session.metrics();
    assert.ok(Math.abs(loss - wanted[0]!) < 1e-5, `${loss}, ${wanted[0]} was expected`);
    session.destroy();

    const both = await learn(device, distill, 2);
    for (const key of [10, 20]) both.accumulate({ images: images(key), labels });
    both.update({ learningRate: 0 });
    const mean = (await both.metrics()).loss;
    assert.ok(Math.abs(mean - (wanted[0]! + wanted[1]!) / 2) < 1e-5, "of both batches");
    both.destroy();
    asked.destroy();
  },
);

deviceTest("a student whose labels say nothing learns from its teacher", async (device) => {
  const { session: asked, weights } = await teach(device);
  const useless = new Int32Array(batch); // all of class 0
  const agreement = async (session: Session) => {
    let same = 0;
    for (let key = 1000; key < 1010; key++) {
      const [z, t] = [
        await session.evaluate({ images: images(key) }),
        await asked.evaluate({ images: images(key) }),
      ];
      for (let i = 0; i < batch; i++) {
        if (z[2 * i]! > z[2 * i + 1]! === t[2 * i]! > t[2 * i + 1]!) same++;
      }
    }
    return same / (10 * batch);
  };
  const taught = async (share: number) => {
    const distill = { model: teacher, weights, preprocessing: seenByTeacher, share };
    const session = await learn(device, distill);
    for (let i = 0; i < 150; i++) {
      session.step({ images: images(i), labels: useless }, { learningRate: 0.02 });
    }
    const result = await agreement(session);
    session.destroy();
    return result;
  };
  const [alone, half] = [await taught(0), await taught(0.9)];
  assert.ok(alone < 0.7, `labels alone: ${alone}`);
  assert.ok(half > 0.9, `with the teacher: ${half}`);
  asked.destroy();
});

deviceTest("a teacher whose weights do not fit is refused", async (device) => {
  await assert.rejects(
    learn(device, { model: teacher, weights: new Map() }),
    /RangeError: Cannot use the weights: stem\.weight is missing/,
  );
});
