/** A search over options: which are tried, for how many epochs, and which go on. Trains nothing itself. */

import { uniform } from "../data/random.ts";

/** The values an option may take: one of a list, or a number between two. */
export type Dimension = readonly unknown[] | NumberRange;

/** Numbers between two, ends included. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** Whether their logarithm is what is evenly likely. Default false. */
  readonly log?: boolean;
  /** Whether only whole numbers are meant. Default false. */
  readonly whole?: boolean;
}

/** The options that are searched, by name. */
export type SearchSpace = ReadonlyMap<string, Dimension>;

/** How a search is done. */
export interface SearchPlan {
  /** `random`: all to the end. `halving`: the better ones go on. `hyperband`: several such, more and less strict. */
  readonly method: "random" | "halving" | "hyperband";
  /** How many are tried; follows from the rest for hyperband. */
  readonly trials: number;
  /** Epochs of a whole run. */
  readonly epochs: number;
  /** Epochs after which the first are left. Default 1. */
  readonly minEpochs?: number;
  /** Of how many one goes on. Default 3. */
  readonly eta?: number;
}

/** A group of trials that compete: after `epochs` the `trials` best of the rung before are trained further. */
export interface Bracket {
  /** Number of its first trial; the others follow. */
  readonly first: number;
  readonly rungs: readonly { readonly trials: number; readonly epochs: number }[];
}

/** The options of a trial: a function of the seed and its number, so that none need be saved. */
export function drawOptions(
  space: SearchSpace,
  { seed, trial }: { readonly seed: number; readonly trial: number },
): Map<string, unknown> {
  return new Map([...space].map(([name, dimension], i) => {
    const u = uniform(seed, trial, i);
    if (!("min" in dimension)) return [name, dimension[Math.floor(u * dimension.length)]];
    const { min, max, log = false, whole = false } = dimension;
    // Whole numbers have a stretch of the same length each.
    const [a, b] = whole ? [min - 0.5, max + 0.5] : [min, max];
    const x = log ? a * (b / a) ** u : a + u * (b - a);
    return [name, whole ? Math.min(max, Math.max(min, Math.round(x))) : Number(x.toPrecision(3))];
  }));
}

/**
 * The brackets of a plan: one where all go to the end; one of successive halving (Jamieson and Talwalkar 2016); those
 * of Hyperband (Li et al. 2018), whose resource is epochs. Throws RangeError for a plan without trials or epochs.
 */
export function bracketsOf(
  { method, trials, epochs, minEpochs = 1, eta = 3 }: SearchPlan,
): readonly Bracket[] {
  if (!(trials >= 1 && epochs >= minEpochs && minEpochs >= 1 && eta >= 2)) {
    throw new RangeError(
      `Cannot search with ${trials} trials of ${minEpochs} to ${epochs} epochs, of ${eta} of which one goes on: ` +
        "at least 1 trial, rising epochs and 2 were needed",
    );
  }
  if (method === "random") return [{ first: 0, rungs: [{ trials, epochs }] }];
  const fallsFrom = (least: number) => Math.floor(Math.log(epochs / least) / Math.log(eta) + 1e-9);
  const falls = (n: number, least: number) => {
    const count = fallsFrom(least);
    return Array.from({ length: count + 1 }, (_, i) => ({
      trials: Math.max(1, Math.floor(n / eta ** i)),
      epochs: i === count ? epochs : Math.round(least * eta ** i),
    }));
  };
  if (method === "halving") return [{ first: 0, rungs: falls(trials, minEpochs) }];
  const most = fallsFrom(minEpochs);
  let first = 0;
  return Array.from({ length: most + 1 }, (_, i) => {
    const s = most - i;
    const n = Math.ceil((most + 1) / (s + 1) * eta ** s);
    const bracket = { first, rungs: falls(n, epochs / eta ** s) };
    first += n;
    return bracket;
  });
}

/** What became of a trial. */
export interface TrialResult<T> {
  readonly trial: number;
  /** Epochs it was trained for. */
  readonly epochs: number;
  /** Undefined where it failed. */
  readonly score: T | undefined;
}

/**
 * Trains the trials of all brackets, rung by rung, and returns the last result of each, the best first; one that
 * failed is last and is not trained further. Of equal ones the earlier is better.
 */
export async function search<T>(
  brackets: readonly Bracket[],
  { train, better }: {
    /** Trains a trial until it has so many epochs in all; undefined where that fails. */
    readonly train: (trial: number, epochs: number) => Promise<T | undefined>;
    readonly better: (a: T, b: T) => boolean;
  },
): Promise<TrialResult<T>[]> {
  const order = (a: TrialResult<T>, b: TrialResult<T>) => {
    if (a.score === undefined || b.score === undefined) {
      return Number(a.score === undefined) - Number(b.score === undefined) || a.trial - b.trial;
    }
    return better(a.score, b.score) ? -1 : better(b.score, a.score) ? 1 : a.trial - b.trial;
  };
  const results = new Map<number, TrialResult<T>>();
  for (const { first, rungs } of brackets) {
    let alive = Array.from({ length: rungs[0]!.trials }, (_, i) => first + i);
    for (const { trials, epochs } of rungs) {
      const competing = alive.slice(0, trials);
      const scored: TrialResult<T>[] = [];
      for (const trial of competing) {
        scored.push({ trial, epochs, score: await train(trial, epochs) });
      }
      scored.sort(order);
      for (const result of scored) results.set(result.trial, result);
      alive = scored.filter(({ score }) => score !== undefined).map(({ trial }) => trial);
    }
  }
  return [...results.values()].sort(order);
}
