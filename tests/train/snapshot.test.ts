/** What a session is before and after a search for a learning rate, and in a session of another size. */
import assert from "node:assert/strict";
import type { Batch } from "../../data/loader.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { convolution, linear, norm } from "../../engine/nn/layers.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { relu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { findLearningRate } from "../../train/lr_find.ts";
import { Session } from "../../train/session.ts";
import { readSnapshot, writeSnapshot } from "../../train/snapshot.ts";
import { deviceTest } from "../device.ts";
import { greys } from "./brightness.ts";

const model: Model = (scope, images) => {
  const y = norm(scope, "bn", convolution(scope, "conv", images, 4, { kernel: 1, stride: 1 }));
  const zero = { kind: "constant", value: 0 } as const;
  return linear(scope, "fc", squeeze(globalAveragePool(relu(y))), 2, { weight: zero, bias: zero });
};

function create(device: Device, size: number): Promise<Session> {
  const optimizer = { name: "adam" } as const;
  return Session.create(device, {
    ...{ model, classes: 2, size, batch: 8, seed: 1, train: true, optimizer },
  });
}

async function* endless(): AsyncGenerator<Batch, void, undefined> {
  const { loader } = greys(40);
  for (let epoch = 0;; epoch++) {
    yield* loader.batches({ batch: 8, size: 2, seed: 3, train: true, epoch });
  }
}

/** Batches of 2 × 2 pixels as ones of `size`: the same greys. */
function enlarged({ images, labels }: Batch, size: number): Pick<Batch, "images" | "labels"> {
  const pixels = new Uint8Array(labels.length * size * size * 4);
  for (let i = 0; i < pixels.length; i += 4) {
    const row = Math.floor(i / (size * size * 4));
    pixels.set(images.subarray(16 * row, 16 * row + 4), i);
  }
  return { images: pixels, labels };
}

deviceTest(
  "a search for a learning rate finds where the loss falls and leaves the session as it was",
  async (device) => {
    const session = await create(device, 2);
    const batches = endless();
    const next = async () => (await batches.next()).value as Batch;
    for (let i = 0; i < 3; i++) session.step(await next(), { learningRate: 0.01 });
    const before = await readSnapshot(session);
    const { curve, suggestion } = await findLearningRate(session, endless(), {
      ...{ from: 1e-5, to: 10, steps: 60 },
    });
    assert.deepEqual(await readSnapshot(session), before);
    assert.equal(session.stepsDone, 3);
    assert.ok(curve.length > 20 && curve.length <= 60, `${curve.length} steps`);
    curve.slice(1).forEach(({ rate }, i) =>
      assert.ok(Math.abs(rate / curve[i]!.rate - 1e6 ** (1 / 59)) < 1e-9)
    );
    // Adam at 1e-5 moves nothing in twenty steps; at 10 everything is lost.
    assert.ok(suggestion !== undefined && suggestion > 1e-4 && suggestion < 2, `${suggestion}`);

    // A session that never searched goes on to the same bits.
    const plain = await create(device, 2);
    writeSnapshot(plain, before);
    const batch = await next();
    for (const one of [session, plain]) one.step(batch, { learningRate: suggestion });
    assert.deepEqual(await readSnapshot(session), await readSnapshot(plain));
    assert.notDeepEqual(await session.readWeights(), before.weights);
    session.destroy();
    plain.destroy();
  },
);

deviceTest(
  "a search without batches or rising rates is refused, and one that fails restores too",
  async (device) => {
    const session = await create(device, 2);
    const before = await readSnapshot(session);
    await assert.rejects(findLearningRate(session, endless(), { from: 1, to: 0.1 }), RangeError);
    async function* failing() {
      for await (const batch of endless()) {
        yield batch;
        throw new RangeError("a bad image");
      }
    }
    await assert.rejects(findLearningRate(session, failing()), /a bad image/);
    assert.deepEqual(await readSnapshot(session), before);
    session.destroy();
  },
);

deviceTest(
  "a session of another size goes on with all that was learned, to the bit",
  async (device) => {
    const small = await create(device, 2);
    const [a, b] = [
      (await endless().next()).value as Batch,
      (await endless().next()).value as Batch,
    ];
    for (const batch of [a, b]) small.step(batch, { learningRate: 0.05 });
    const learned = await readSnapshot(small);
    const large = await create(device, 6);
    writeSnapshot(large, learned);
    assert.deepEqual(await readSnapshot(large), learned);
    // Images of one grey give the same batch statistics and gradients at any size.
    small.step(a, { learningRate: 0.05 });
    large.step(enlarged(a, 6), { learningRate: 0.05 });
    const [s, l] = [await readSnapshot(small), await readSnapshot(large)];
    assert.equal(l.steps, s.steps);
    for (const [name, weight] of s.weights) {
      const [x, y] = [weight, l.weights.get(name)!].map(({ data }) =>
        new Float32Array(data.slice().buffer)
      );
      if (name.endsWith("tracked")) continue;
      x!.forEach((value, i) => {
        // The unbiased variance counts pixels, of which there are 9 times as many.
        const bound = name.endsWith("running_var") ? 0.02 : 2e-3;
        assert.ok(
          Math.abs(value - y![i]!) <= bound * Math.max(1, Math.abs(value)),
          `${name}[${i}]`,
        );
      });
    }
    small.destroy();
    large.destroy();
  },
);
