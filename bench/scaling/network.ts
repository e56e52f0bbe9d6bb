/** What it costs to add up numbers of several ranks: closed forms, and a fit of them to measurements. Simulates nothing. */

/** A way for messages. */
export interface Network {
  readonly name: string;
  /** Seconds that the shortest message takes. */
  readonly latency: number;
  /** Bytes a second in each direction. */
  readonly bandwidth: number;
}

/** How sums are made: chunks going round, or whole vectors up and down a tree. */
export type Algorithm = "ring" | "tree";

/** Networks to reckon with: line rates less a tenth for headers, latencies as TCP and MPI usually see them. */
export const NETWORKS: readonly Network[] = [
  { name: "1 Gb/s Ethernet", latency: 50e-6, bandwidth: 0.9 * 125e6 },
  { name: "10 Gb/s Ethernet", latency: 25e-6, bandwidth: 0.9 * 1.25e9 },
  { name: "100 Gb/s Ethernet", latency: 15e-6, bandwidth: 0.9 * 12.5e9 },
  { name: "200 Gb/s InfiniBand", latency: 2e-6, bandwidth: 0.9 * 25e9 },
];

/** How many messages one rank waits for one after the other, and what share of all bytes each has. */
export function messagesOf(algorithm: Algorithm, ranks: number): { count: number; share: number } {
  if (ranks < 2) return { count: 0, share: 0 };
  return algorithm === "ring"
    ? { count: 2 * (ranks - 1), share: 1 / ranks }
    : { count: 2 * Math.ceil(Math.log2(ranks)), share: 1 };
}

/** Seconds of an all-reduce of `bytes` where every rank begins at once and nothing is late. */
export function allReduceTime(
  algorithm: Algorithm,
  ranks: number,
  { bytes, latency, bandwidth }: Pick<Network, "latency" | "bandwidth"> & {
    readonly bytes: number;
  },
): number {
  const { count, share } = messagesOf(algorithm, ranks);
  return count * (latency + share * bytes / bandwidth);
}

/** A measured all-reduce. */
export interface Measured {
  readonly ranks: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** A network that explains measurements of one number of ranks, and by which factor it is wrong at most. */
export interface Fit extends Pick<Network, "latency" | "bandwidth"> {
  readonly worst: number;
}

/**
 * Latency and bandwidth of a ring with the least squares of relative errors: t = a + b·bytes. Throws RangeError for
 * fewer than two measurements.
 */
export function fitRing(measured: readonly Measured[]): Fit {
  if (measured.length < 2) {
    throw new RangeError(`Cannot fit ${measured.length} measurements: at least 2 were needed`);
  }
  // Least squares of (a + b·x − t) / t, by the normal equations; none of both may be below zero.
  let [ww, wx, xx, w, x] = [0, 0, 0, 0, 0];
  for (const { bytes, seconds } of measured) {
    ww += 1 / seconds ** 2;
    wx += bytes / seconds ** 2;
    xx += (bytes / seconds) ** 2;
    w += 1 / seconds;
    x += bytes / seconds;
  }
  const determinant = ww * xx - wx * wx;
  const a = Math.max(0, (w * xx - x * wx) / determinant);
  const b = a === 0 ? x / xx : (ww * x - wx * w) / determinant;
  const { count, share } = messagesOf("ring", measured[0]!.ranks);
  const factors = measured.map(({ bytes, seconds }) => (a + b * bytes) / seconds)
    .map((factor) => Math.max(factor, 1 / factor));
  return { latency: a / count, bandwidth: count * share / b, worst: Math.max(...factors) };
}
