/** Batches that are not finite: their step changes nothing and is counted, and three in a row end a run. */

import { strict as assert } from "node:assert";
import type { Device } from "../../engine/gpu/device.ts";
import { input } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { convolution, linear, norm } from "../../engine/nn/layers.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { relu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import type { Weight } from "../../models/safetensors.ts";
import { DivergedError } from "../../train/epoch.ts";
import { fit } from "../../train/fit.ts";
import { captureGuard, counted, overflowAmong } from "../../train/guard.ts";
import { type Examples, Session, type SessionOptions } from "../../train/session.ts";
import type { Measured } from "../../train/measured.ts";
import { deviceTest } from "../device.ts";
import { greys } from "../train/brightness.ts";
import { Regression } from "../train/regression.ts";

const [batch, size, classes] = [4, 6, 2];
const rates = { learningRate: 0.1 };

const model: Model = (scope, images) => {
  const bias = { kind: "constant", value: 0 } as const;
  const weight = { kind: "uniform", bound: 0.5 } as const;
  let x = convolution(scope, "conv", images, 4, { kernel: 3, stride: 2 });
  x = relu(norm(scope, "bn", x));
  return linear(scope, "fc", squeeze(globalAveragePool(x)), classes, { weight, bias });
};

/** A batch of numbers; `poison` is written at one place of one image, `target` in place of a probability. */
function batchOf(
  seed: number,
  { poison, target }: { poison?: number; target?: number } = {},
): Examples {
  const images = Float32Array.from(
    { length: batch * size * size * 3 },
    (_, i) => (i * 37 + 11 * seed) % 251 / 251,
  );
  const targets = Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0);
  if (poison !== undefined) images[200] = poison;
  if (target !== undefined) targets[3] = target;
  return { images, labels: Int32Array.of(0, 1, 1, 0), targets };
}

const poisoned: [name: string, examples: Examples][] = [
  ["NaN in an image", batchOf(9, { poison: NaN })],
  ["infinity in an image", batchOf(9, { poison: -Infinity })],
  ["NaN in a target", batchOf(9, { target: NaN })],
  ["infinity in a target", batchOf(9, { target: Infinity })],
];

async function numbersOf(session: Session): Promise<[string, Weight][]> {
  return [...await session.readWeights(), ...await session.readOptimizer()]
    .filter(([key]) => !/num_batches|loss_scale|tally/.test(key));
}

function create(device: Device, options: Partial<SessionOptions>): Promise<Session> {
  return Session.create(device, {
    ...{ model, classes, size, batch, seed: 1, train: true, images: "numbers" },
    optimizer: { name: "sgd", momentum: 0.9 },
    average: { decay: 0.5 },
    ...options,
  });
}

for (
  const options of [
    {},
    { accumulate: 2 },
    { precision: "f16" },
    { clipNorm: 1, optimizer: { name: "lamb" } },
    { freeze: 1 },
  ] as Partial<SessionOptions>[]
) {
  deviceTest(
    `a step that is not finite changes nothing and is counted: ${JSON.stringify(options)}`,
    async (device) => {
      const { accumulate = 1 } = options;
      const session = await create(device, options);
      /** Takes a step of these batches, the last of which may be bad. */
      const step = (last: Examples) => {
        if (accumulate === 1) return session.step(last, rates);
        session.accumulate(batchOf(3));
        session.accumulate(last);
        session.update(rates);
      };
      step(batchOf(0));
      const { loss } = await session.metrics();
      for (const [name, examples] of poisoned) {
        const before = await numbersOf(session);
        step(examples);
        const { skipped, longest, count, ...measured } = await session.metrics();
        assert.deepEqual([skipped, count], [1, 0], name);
        assert.equal(longest, options.precision === "f16" ? 0 : 1);
        assert.ok(Number.isNaN(measured.loss));
        // The first batch of a step that is left out has moved the running statistics.
        const same = ([key]: [string, Weight]) => accumulate === 1 || !/running/.test(key);
        assert.deepEqual((await numbersOf(session)).filter(same), before.filter(same), name);
        step(batchOf(1));
        const after = await session.metrics();
        assert.deepEqual([after.skipped, after.longest], [0, 0]);
        assert.ok(after.loss < 2 * loss, `${name}: ${after.loss} after ${loss}`);
        assert.notDeepEqual(await numbersOf(session), before, name);
      }
      session.destroy();
    },
  );
}

deviceTest("bad batches among good ones leave a run as it is without them", async (device) => {
  const good = [0, 1, 2, 3, 4].map((seed) => batchOf(seed));
  const bad = poisoned.map(([, examples]) => examples);
  const plain = await create(device, {});
  for (const one of good) plain.step(one, rates);
  const among = await create(device, {});
  for (const [i, one] of good.entries()) {
    if (i > 0) among.step(bad[i - 1]!, rates);
    if (i === 2) { for (const two of bad.slice(0, 2)) among.step(two, rates); }
    among.step(one, rates);
  }
  assert.deepEqual(await numbersOf(among), await numbersOf(plain));
  const [measured, expected] = [await among.metrics(), await plain.metrics()];
  assert.deepEqual(
    [measured.loss, measured.count, measured.skipped, measured.longest],
    [expected.loss, expected.count, 6, 3],
  );
  for (const session of [plain, among]) session.destroy();
});

Deno.test("steps left out are counted, all and in a row, the longest row until it is read", () => {
  const guard = captureGuard();
  const [bad, grave] = [input("bad", []), input("grave", [])];
  const next = [...counted(guard, bad, grave).values()];
  const after = (...values: number[]) => {
    const states = [guard.skipped, guard.row, guard.longest, bad, grave];
    const feeds = new Map(states.map((t, i) => [t, Float64Array.of(values[i]!)]));
    return interpret(next, feeds).map(([value]) => value);
  };
  assert.deepEqual(after(4, 2, 2, 0, 1), [4, 0, 2]);
  assert.deepEqual(after(4, 2, 2, 17, 1), [5, 3, 3]);
  assert.deepEqual(after(4, 2, 5, 1, 1), [5, 3, 5]);
  assert.deepEqual(after(4, 2, 5, 1, 0), [5, 2, 5], "the scale of the loss is lowered first");
});

Deno.test("numbers that are not finite are counted wherever they are among tensors of several shapes", () => {
  const shapes = [[2, 5], [5], [3], [2, 2, 3]];
  const tensors = shapes.map((shape, i) => input(`x${i}`, shape));
  const feeds = new Map(tensors.map((t) => [t, new Float64Array(t.size).fill(1e30)]));
  const count = () => interpret([overflowAmong(tensors)], feeds)[0]![0];
  assert.equal(count(), 0);
  let bad = 0;
  for (const numbers of feeds.values()) {
    for (const i of [0, numbers.length - 1]) {
      numbers[i] = [NaN, Infinity, -Infinity][bad % 3]!;
      assert.equal(count(), ++bad);
    }
  }
});

Deno.test("fit() says which steps were left out, and stops where three followed each other", async () => {
  const data = { train: greys(60), validation: greys(30, { key: 9 }) };
  const run = async (of: (reading: number) => Partial<Measured>) => {
    const session = new Regression(2);
    const metrics = session.metrics.bind(session);
    let reading = 0;
    session.metrics = async () => ({ ...await metrics(), ...of(reading++) });
    const notes: string[] = [];
    let losses = 0;
    await fit(session, data, {
      ...{ batch: 8, size: 2, resize: 2, seed: 1, epochs: 1, logEvery: 3 },
      schedule: { learningRate: () => 3 },
    }, (e) => {
      if (e.event === "note") notes.push(e.text);
      if (e.event !== "step") return;
      assert.ok(Number.isFinite(e.loss));
      losses++;
    });
    return [losses, ...notes];
  };
  assert.deepEqual(await run((i) => i === 1 ? { skipped: 2, longest: 2 } : {}), [
    3,
    "2 of 3 steps changed nothing: loss or gradients were not finite",
  ]);
  const scaling = { lossScale: 4096 };
  assert.deepEqual(await run((i) => ({ skipped: i === 1 ? 2 : 0, longest: 0, scaling })), [
    3,
    "2 of 3 steps changed nothing: loss or gradients were beyond what halves hold; the loss is now scaled by 4096",
  ]);
  const nothing = { skipped: 3, longest: 2, loss: NaN, count: 0 };
  assert.equal((await run((i) => i === 1 ? nothing : {}))[0], 2);
  const ended = (of: Partial<Measured>, text: RegExp) =>
    assert.rejects(run((i) => i ? of : {}), (error) => {
      assert.ok(error instanceof DivergedError);
      assert.match(error.message, text);
      return true;
    });
  await ended(
    { skipped: 3, longest: 3 },
    /^.*: 3 steps in a row were not finite by step 6 of .* --lr$/,
  );
  await ended({ skipped: 3, longest: 3, scaling: { lossScale: 1 } }, /--lr or --precision f32$/);
});
