/** What a session evaluates and saves where weights are averaged, and that every optimizer resumes to the bit. */

import { strict as assert } from "node:assert";
import type { Device } from "../../engine/gpu/device.ts";
import { convolution, linear, norm } from "../../engine/nn/layers.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { relu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { averageShare } from "../../engine/optim/average.ts";
import { optimizerNames, type OptimizerOptions } from "../../engine/optim/mod.ts";
import { toFloats, type Weight } from "../../models/safetensors.ts";
import { type Examples, Session, type SessionOptions } from "../../train/session.ts";
import { deviceTest } from "../device.ts";
import { assertClose } from "./blocks.ts";

const [batch, size, classes] = [4, 6, 2];
const rates = { learningRate: 0.01 };

const model: Model = (scope, images) => {
  const x = convolution(scope, "conv", images, 4, { kernel: 3, stride: 2 });
  const initial = { kind: "uniform", bound: 0.5 } as const;
  return linear(scope, "fc", squeeze(globalAveragePool(relu(norm(scope, "bn", x)))), classes, {
    ...{ weight: initial, bias: initial },
  });
};

function create(device: Device, options: Partial<SessionOptions> = {}): Promise<Session> {
  return Session.create(device, {
    ...{ model, classes, size, batch, seed: 1, train: true },
    optimizer: { name: "sgd", momentum: 0.9 },
    ...options,
  });
}

function examples(key: number): Examples {
  const images = Uint8Array.from(
    { length: batch * size * size * 4 },
    (_, i) => (i * (37 + key) + key) % 251,
  );
  return { images, labels: Int32Array.from({ length: batch }, (_, i) => (i + key) % classes) };
}

const special: Readonly<Record<string, Partial<OptimizerOptions>>> = {
  adam: { amsgrad: true },
  rmsprop: { momentum: 0.9, centered: true },
  sgd: { momentum: 0.9, dampening: 0.5 },
  "schedule-free": { warmupSteps: 3 },
};

const resumed: Partial<SessionOptions>[] = [
  ...optimizerNames.map((name) => ({
    optimizer: { name, weightDecay: 0.1, ...special[name] },
  })),
  { optimizer: { name: "adamw" }, average: { decay: 0.9 }, clipNorm: 0.1 },
  {
    optimizer: { name: "rmsprop-tf", momentum: 0.9 },
    average: { decay: 0.99, warmup: true },
    accumulate: 2,
  },
];

for (const options of resumed) {
  deviceTest(
    `four steps are two, a save and two more, with ${JSON.stringify(options)}`,
    async (device) => {
      const take = (session: Session) => {
        for (let i = 0; i < 2; i++) {
          const t = session.stepsDone;
          if (options.accumulate) {
            for (const k of [0, 1]) session.accumulate(examples(2 * t + k));
            session.update(rates);
          } else session.step(examples(t), rates);
        }
      };
      const whole = await create(device, options);
      take(whole);
      const [weights, states] = [await whole.readWeights(), await whole.readOptimizer()];
      take(whole);
      const later = await create(device, { ...options, seed: 1 });
      take(later); // what came before is replaced
      later.writeWeights(weights);
      later.writeOptimizer(states, 2);
      assert.deepEqual(await later.readWeights(), weights);
      assert.deepEqual(await later.readOptimizer(), states);
      take(later);
      assert.deepEqual(await later.readWeights(), await whole.readWeights());
      assert.deepEqual(await later.readOptimizer(), await whole.readOptimizer());
      assert.deepEqual(await later.evaluate(examples(9)), await whole.evaluate(examples(9)));
      assert.notDeepEqual(await later.readWeights(), weights);
      for (const session of [whole, later]) session.destroy();
    },
  );
}

/** The numbers of all float entries. */
function floats(weights: ReadonlyMap<string, Weight>): Map<string, Float32Array> {
  return new Map(
    [...weights].filter(([, w]) => w.dtype === "F32").map(([k, w]) => [k, toFloats(w)]),
  );
}

for (const warmup of [false, true]) {
  deviceTest(`an average follows weights and statistics, warm-up ${warmup}`, async (device) => {
    const average = { decay: 0.8, warmup };
    const plain = await create(device);
    const averaging = await create(device, { average });
    const expected = floats(await plain.readWeights());
    for (let t = 1; t <= 3; t++) {
      for (const session of [plain, averaging]) session.step(examples(t), rates);
      const share = averageShare(t, average);
      for (const [key, values] of floats(await plain.readWeights())) {
        values.forEach((v, i) => expected.get(key)![i]! += share * (v - expected.get(key)![i]!));
      }
    }
    const found = await averaging.readWeights();
    for (const [key, values] of expected) assertClose(toFloats(found.get(key)!), values, key);
    assert.deepEqual(
      found.get("bn.num_batches_tracked"),
      (await plain.readWeights()).get(
        "bn.num_batches_tracked",
      ),
    );
    // Training goes on from the weights, not from their average; evaluation and files use the average.
    const states = await averaging.readOptimizer();
    for (const [key, values] of floats(await plain.readWeights())) {
      assert.deepEqual(toFloats(states.get(`training.${key}`)!), values, key);
    }
    const evaluating = await create(device, { train: false });
    evaluating.writeWeights(found);
    const logits = await averaging.evaluate(examples(9));
    assert.deepEqual(logits, await evaluating.evaluate(examples(9)));
    assert.notDeepEqual(logits, await plain.evaluate(examples(9)));
    for (const session of [plain, averaging, evaluating]) session.destroy();
  });
}

deviceTest(
  "schedule-free weights are evaluated at their mean, and trained where they are",
  async (device) => {
    const session = await create(device, { optimizer: { name: "schedule-free" } });
    for (let t = 0; t < 3; t++) session.step(examples(t), rates);
    const [weights, states] = [floats(await session.readWeights()), await session.readOptimizer()];
    for (const key of ["conv.weight", "bn.weight", "fc.bias"]) {
      const [z, y] = ["z", "training"].map((name) => toFloats(states.get(`${name}.${key}`)!));
      const x = y!.map((v, i) => (v - 0.1 * z![i]!) / 0.9);
      assertClose(weights.get(key)!, x, key);
    }
    const evaluating = await create(device, { train: false });
    evaluating.writeWeights(await session.readWeights());
    assert.deepEqual(await session.evaluate(examples(9)), await evaluating.evaluate(examples(9)));
    await assert.rejects(
      create(device, { optimizer: { name: "schedule-free" }, average: {} }),
      /^RangeError: Cannot average the weights of schedule-free/,
    );
    for (const one of [session, evaluating]) one.destroy();
  },
);

Deno.test("averageShare() is one minus timm's decay, its warm-up too", () => {
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a}, ${b}`);
  close(averageShare(5), 1e-4);
  const warm = { warmup: true, decay: 0.9 };
  assert.equal(averageShare(1, warm), 1); // the weights themselves
  close(averageShare(2, warm), 2 ** (-2 / 3));
  close(averageShare(3, warm), 3 ** (-2 / 3));
  close(averageShare(1000, warm), 0.1);
  close(averageShare(11, { ...warm, gamma: 10, power: 1 }), 0.5);
  assert.throws(() => averageShare(1, { decay: 1 }), RangeError);
});
