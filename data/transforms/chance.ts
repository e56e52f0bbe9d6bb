/** Chance in the forms transforms share: happening at all, ranges, numbers of a distribution. */
import type { Random } from "../random.ts";
import type { Pair } from "./fields.ts";
import type { Drawn } from "./transform.ts";

/** Options of a transform that happens or not. */
export interface GateOptions {
  /** Probability that it happens. */
  readonly p?: number;
}

/** What `drawn` chooses, with probability `p`; its choices are made only then. */
export function gate(
  random: Random,
  p: number,
  drawn: () => readonly Drawn[],
): readonly Drawn[] {
  return random() < p ? drawn() : [];
}

/** A number that is uniform between two. */
export function between(random: Random, [low, high]: Pair): number {
  return low + (high - low) * random();
}

/** A whole number from `low` to below `high`, each as probable. */
export function integer(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low));
}

/** One of a list, each as probable. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[integer(random, 0, list.length)]!;
}

/** Rounds a half to the even neighbour, as Python's `round` and `torch.round` do. */
export function roundEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** A number of the standard normal distribution (Box and Muller's cosine). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A number of the gamma distribution of shape `alpha` and scale 1 (Marsaglia and Tsang, 2000). */
export function gamma(random: Random, alpha: number): number {
  if (alpha < 1) return gamma(random, alpha + 1) * (1 - random()) ** (1 / alpha);
  const d = alpha - 1 / 3;
  for (;;) {
    const z = normal(random);
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random()) < z * z / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Shares that sum to 1, of the symmetric Dirichlet distribution; two of them are Beta(α, α). */
export function dirichlet(random: Random, n: number, alpha: number): number[] {
  const parts = Array.from({ length: n }, () => gamma(random, alpha));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / sum);
}

/** The numbers 0 … n − 1 in any order, each as probable (Fisher and Yates). */
export function permutation(random: Random, n: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = integer(random, 0, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
