/** Ranks in one process that take steps together: the golden networks, as one process with the whole batch has them. */

import { strict as assert } from "node:assert";
import { filledImages, filledLabels, filledWeights } from "../../cli/golden/fill.ts";
import { type GoldenTraining, tiny } from "../../cli/golden/training.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { declare } from "../../engine/nn/scope.ts";
import { modelInfo } from "../../models/mod.ts";
import type { Weight } from "../../models/safetensors.ts";
import { localRanks, type Ranks } from "../../train/ranks.ts";
import { Session, type SessionOptions } from "../../train/session.ts";
import { stateDict } from "../../train/weights.ts";
import { deviceTest } from "../device.ts";
import { shared } from "../shared.ts";

const BATCH = 8;
/** Of the small network that of the golden run; of the other one what has no states to fill. */
const OPTIMIZERS = { tiny: { name: "adam" }, resnet18: { name: "sgd" } } as const;

/** What a golden network is trained on. */
const NETS = {
  tiny: { model: tiny, size: [17, 15], classes: 3 },
  resnet18: { model: modelInfo("resnet18").build({ classes: 2 }), size: [32, 32], classes: 2 },
} as const;

interface Run {
  readonly losses: readonly number[];
  readonly weights: ReadonlyMap<string, Weight>;
}

function optionsOf(net: keyof typeof NETS, ranks?: Ranks): SessionOptions {
  return {
    ...NETS[net],
    ...{ batch: BATCH / (ranks?.size ?? 1), images: "numbers", seed: 1, train: true, ranks },
    ...{ optimizer: OPTIMIZERS[net], preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } },
    synchroniseNorms: true,
  };
}

const filled = new Map<string, ReadonlyMap<string, Weight>>();

/** The golden weights of a network. */
function weightsOf(net: keyof typeof NETS): ReadonlyMap<string, Weight> {
  const { model, size: [h, w] } = NETS[net];
  const known = filled.get(net) ?? filledWeights(stateDict(declare(model, [BATCH, h, w, 3])), 0);
  filled.set(net, known);
  return known;
}

/** Steps of one of the ranks, or of a process alone, on its rows of the golden batches. */
async function train(
  device: Device,
  net: keyof typeof NETS,
  { steps, ranks, ...more }:
    & { readonly steps: number; readonly ranks?: Ranks | undefined }
    & Partial<SessionOptions>,
): Promise<Run> {
  const { size: [h, w], classes } = NETS[net];
  const options = { ...optionsOf(net, ranks), ...more };
  const session = await Session.create(device, options);
  session.writeWeights(weightsOf(net));
  const batch = options.batch * (options.accumulate ?? 1);
  const first = (ranks?.rank ?? 0) * batch;
  const losses: number[] = [];
  for (let s = 0; s < steps; s++) {
    const all = filledImages([BATCH, 3, h, w], 100000 + s);
    const rows = (from: number, to: number) => ({
      images: all.slice(from * h * w * 3, to * h * w * 3),
      labels: filledLabels(BATCH, classes, 200000 + s).slice(from, to),
    });
    const rates = { learningRate: 0.005 };
    if (batch === options.batch) await session.step(rows(first, first + batch), rates);
    else {
      for (let at = first; at < first + batch; at += options.batch) {
        await session.accumulate(rows(at, at + options.batch));
      }
      await session.update(rates);
    }
    losses.push((await session.metrics()).loss);
  }
  const weights = await session.readWeights();
  session.destroy();
  return { losses, weights };
}

/** What each of several ranks has after as many steps. */
function together(
  device: Device,
  net: keyof typeof NETS,
  { size, ...more }:
    & { readonly size: number; readonly steps: number }
    & Partial<Omit<SessionOptions, "size">>,
): Promise<Run[]> {
  return Promise.all(localRanks(size).map((ranks) => train(device, net, { ...more, ranks })));
}

function assertClose(found: readonly number[], expected: readonly number[]): void {
  found.forEach((x, i) => {
    assert.ok(Math.abs(x - expected[i]!) <= 1e-5, `step ${i}: ${x}, ${expected[i]} was needed`);
  });
}

deviceTest("synchronised norms give 2 and 4 ranks the losses of one process", async (device) => {
  const one = await train(device, "tiny", { steps: 10 });
  const folder = shared("golden");
  if (folder !== undefined) {
    const file: GoldenTraining = JSON.parse(await Deno.readTextFile(`${folder}/training.json`));
    const run = file.runs.find((r) => r.net === "tiny" && r.optimizer === "adam")!;
    assertClose(one.losses, run.losses);
  }
  for (const size of [2, 4]) {
    const all = await together(device, "tiny", { steps: 10, size });
    for (const { losses, weights } of all) {
      assertClose(losses, one.losses);
      assert.deepEqual(weights, all[0]!.weights, "all ranks have the same bits");
    }
    if (size > 2) continue;
    const again = await together(device, "tiny", { steps: 10, size });
    assert.deepEqual(again, all, "and have them in every run");
  }
});

deviceTest("norms of ranks that are not synchronised see their own rows", async (device) => {
  const one = await train(device, "tiny", { steps: 1 });
  const [first] = await together(device, "tiny", { steps: 1, size: 2, synchroniseNorms: false });
  assert.ok(Math.abs(first!.losses[0]! - one.losses[0]!) > 1e-4);
});

deviceTest(
  "batches that ranks add up leave all with the same bits",
  async (device) => {
    const more = { batch: 2, accumulate: 2 } as const;
    const [first, second] = await together(device, "tiny", { steps: 2, size: 2, ...more });
    assert.ok(first!.losses.every(Number.isFinite));
    assert.deepEqual(second, first);
  },
);

deviceTest("the first step of resnet18 is that of one process with all images", async (device) => {
  const one = await train(device, "resnet18", { steps: 1 });
  for (const size of [2, 4]) {
    for (const { losses } of await together(device, "resnet18", { steps: 1, size })) {
      assertClose(losses, one.losses);
    }
  }
});
