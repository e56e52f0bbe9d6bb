/** All-reduces message by message: when each rank is done, where some begin late and messages vary. Knows no step. */

import type { Random } from "../../data/random.ts";
import { type Algorithm, messagesOf, type Network } from "./network.ts";

/** What an all-reduce is of. */
export interface Exchange extends Pick<Network, "latency" | "bandwidth"> {
  readonly bytes: number;
  /** By what the time of a message is multiplied; 1 each if not given. */
  readonly jitter?: (() => number) | undefined;
}

/** When each rank has the sum, from when each begins, in seconds. */
export function allReduce(
  algorithm: Algorithm,
  begins: Float64Array<ArrayBuffer>,
  { bytes, latency, bandwidth, jitter = () => 1 }: Exchange,
): Float64Array<ArrayBuffer> {
  const ranks = begins.length;
  const { count, share } = messagesOf(algorithm, ranks);
  const message = () => (latency + share * bytes / bandwidth) * jitter();
  let at = begins.slice();
  if (algorithm === "ring") {
    for (let k = 0; k < count; k++) {
      // Each sends a chunk to the next: it needs its own last one, and that of the one before.
      at = at.map((own, rank) => Math.max(own, at[(rank + ranks - 1) % ranks]!) + message());
    }
    return at;
  }
  // Binomial: sums go up to rank 0 in steps of doubled distance, the result comes down the same way.
  const distances = Array.from({ length: count / 2 }, (_, i) => 2 ** i);
  for (const distance of distances) {
    for (let rank = 0; rank + distance < ranks; rank += 2 * distance) {
      at[rank] = Math.max(at[rank]!, at[rank + distance]!) + message();
    }
  }
  for (const distance of distances.reverse()) {
    for (let rank = 0; rank + distance < ranks; rank += 2 * distance) {
      // Who sends is busy with it.
      at[rank]! += message();
      at[rank + distance] = at[rank]!;
    }
  }
  return at;
}

/** How steps of equal work vary. */
export interface Noise {
  /** Standard deviation of the logarithm of a step's time. */
  readonly spread: number;
  /** How often a step stalls, and for how many times its length. */
  readonly stalls: number;
  readonly stall: number;
}

/** By what the time of one step is multiplied. */
export function stepFactor(random: Random, { spread, stalls, stall }: Noise): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(spread * normal) * (random() < stalls ? stall : 1);
}
