/** The order in which an epoch sees its samples: shuffled, or drawn with replacement. Reads no file. */
import { DataError } from "./errors.ts";
import { shuffled, uniform } from "./random.ts";
import type { Sample } from "./sample.ts";

/**
 * `shuffle` sees each sample once. The others draw as many as there are, with replacement: `weighted` each sample
 * in proportion to its weight, `balanced` each class as often as the others, its samples by their weights.
 */
export const SAMPLERS = ["shuffle", "balanced", "weighted"] as const;

/** How an epoch's samples are chosen. */
export type Sampler = typeof SAMPLERS[number];

/** What an epoch sees, in order. */
export interface Order {
  /** [n], positions in the list of samples. */
  readonly indices: Uint32Array;
  /** [n], how often the same sample came before in this epoch, so that it may look another way each time. */
  readonly repeats: Uint32Array;
}

/** Key that keeps draws apart from other choices with one seed. */
const DRAW = 0x6472;

/** What each sample's chance of being drawn is in proportion to. Throws DataError when nothing could be drawn. */
function chances(samples: readonly Sample[], sampler: Sampler): Float64Array {
  const weights = Float64Array.from(samples, ({ weight = 1 }) => weight);
  const totals = new Map<number, number>();
  for (const [i, { label }] of samples.entries()) {
    const key = sampler === "balanced" ? label : 0;
    totals.set(key, (totals.get(key) ?? 0) + weights[i]!);
  }
  for (const [label, total] of totals) {
    if (total > 0) continue;
    const which = sampler === "balanced" ? `all images of class ${label}` : "all images";
    throw new DataError(`Cannot draw images: ${which} have weight 0, one above 0 was needed`);
  }
  if (sampler === "weighted") return weights;
  return weights.map((weight, i) => weight / totals.get(samples[i]!.label)!);
}

/** The first position whose sum is above `x`. */
function above(sums: Float64Array, x: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The order of one epoch: it depends on the samples, seed and epoch alone. Semantics of the draws:
 * `torch.utils.data.WeightedRandomSampler` with replacement, as many draws as samples. Throws
 * {@linkcode DataError} where all weights, or those of a class to be balanced, are 0.
 */
export function epochOrder(
  samples: readonly Sample[],
  { sampler = "shuffle", seed, epoch }: {
    readonly sampler?: Sampler | undefined;
    readonly seed: number;
    readonly epoch: number;
  },
): Order {
  const count = samples.length;
  const repeats = new Uint32Array(count);
  if (sampler === "shuffle") return { indices: shuffled(count, seed, epoch), repeats };
  let sum = 0;
  const sums = chances(samples, sampler).map((chance) => sum += chance);
  const seen = new Uint32Array(count);
  const indices = Uint32Array.from({ length: count }, (_, draw) => {
    const index = above(sums, uniform(DRAW, seed, epoch, draw) * sum);
    repeats[draw] = seen[index]!++;
    return index;
  });
  return { indices, repeats };
}
