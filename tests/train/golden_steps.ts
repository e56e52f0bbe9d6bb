/** Steps of the golden networks with synchronised norms, of a process alone or of one of several ranks. Asserts nothing. */

import { filledImages, filledLabels, filledWeights } from "../../cli/golden/fill.ts";
import { tiny } from "../../cli/golden/training.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { declare } from "../../engine/nn/scope.ts";
import { modelInfo } from "../../models/mod.ts";
import type { Weight } from "../../models/safetensors.ts";
import type { Ranks } from "../../train/ranks.ts";
import { Session, type SessionOptions } from "../../train/session.ts";
import { stateDict } from "../../train/weights.ts";

/** Images of a step of all ranks. */
const BATCH = 8;
/** Of the small network that of the golden run; of the other one what has no states to fill. */
const OPTIMIZERS = { tiny: { name: "adam" }, resnet18: { name: "sgd" } } as const;

/** What a golden network is trained on. */
const NETS = {
  tiny: { model: tiny, size: [17, 15], classes: 3 },
  resnet18: { model: modelInfo("resnet18").build({ classes: 2 }), size: [32, 32], classes: 2 },
} as const;

/** The golden networks. */
export type NetName = keyof typeof NETS;

/** What came of steps. */
export interface Run {
  readonly losses: readonly number[];
  readonly weights: ReadonlyMap<string, Weight>;
}

function optionsOf(net: NetName, ranks?: Ranks): SessionOptions {
  return {
    ...NETS[net],
    ...{ batch: BATCH / (ranks?.size ?? 1), images: "numbers", seed: 1, train: true, ranks },
    ...{ optimizer: OPTIMIZERS[net], preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } },
    synchroniseNorms: true,
  };
}

const filled = new Map<string, ReadonlyMap<string, Weight>>();

/** The golden weights of a network. */
function weightsOf(net: NetName): ReadonlyMap<string, Weight> {
  const { model, size: [h, w] } = NETS[net];
  const known = filled.get(net) ?? filledWeights(stateDict(declare(model, [BATCH, h, w, 3])), 0);
  filled.set(net, known);
  return known;
}

/** Steps of one of the ranks, or of a process alone, on its rows of the golden batches. */
export async function train(
  device: Device,
  net: NetName,
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
