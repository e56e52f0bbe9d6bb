/** A whole run on some number of GPUs: steps, sums, saves, failures and loading put together. Prints nothing. */

import { sequence } from "../../data/random.ts";
import { type Noise, stepFactor } from "./all_reduce.ts";
import { dalyInterval, expectedTime } from "./failures.ts";
import { loadingRate, type Storage } from "./loading.ts";
import { type Algorithm, allReduceTime, type Network } from "./network.ts";

/** What does not depend on how many GPUs there are. */
export interface Workload {
  readonly images: number;
  /** Images of one GPU's step. */
  readonly batch: number;
  /** Seconds of one GPU's step. */
  readonly step: number;
  /** Of all gradients. */
  readonly bytes: number;
  /** Seconds to bring gradients to the host and back, bytes apart, and bytes a second of each way. */
  readonly readBack: number;
  readonly copies: number;
  readonly noise: Noise;
  /** Mean seconds between failures of one GPU and its host. */
  readonly between: number;
  readonly save: number;
  readonly restart: number;
  readonly storage: Storage;
  /** Requests in flight of one process. */
  readonly inFlight: number;
}

/** Seconds that a sum adds where nobody is late: gradients leave the device, are added up and come back. */
export function sumTime(
  ranks: number,
  network: Pick<Network, "latency" | "bandwidth">,
  { bytes, readBack, copies, algorithm = "ring" }:
    & Pick<Workload, "bytes" | "readBack" | "copies">
    & {
      readonly algorithm?: Algorithm;
    },
): number {
  if (ranks < 2) return 0;
  return readBack + 2 * bytes / copies + allReduceTime(algorithm, ranks, { ...network, bytes });
}

/**
 * Mean seconds of a step without what sums add, by simulation: every so many steps all wait for the slowest; with
 * Infinity the slowest of all decides when all is done.
 */
export function simulateSteps(
  ranks: number,
  load: Workload,
  { every, steps, seed = 0 }: {
    readonly every: number;
    readonly steps: number;
    readonly seed?: number;
  },
): number {
  const random = sequence(seed, ranks);
  const fed = load.batch / loadingRate(load.inFlight, load.storage);
  const own = new Float64Array(ranks);
  let total = 0;
  for (let k = 1; k <= steps; k++) {
    for (let rank = 0; rank < ranks; rank++) {
      own[rank]! += Math.max(fed, load.step * stepFactor(random, load.noise));
    }
    if (k % every !== 0 && k < steps) continue;
    total += own.reduce((a, b) => Math.max(a, b));
    own.fill(0);
  }
  return total / steps;
}

/** How many GPUs work together and how. */
export interface Mode {
  readonly ranks: number;
  /** Steps between sums; 1 for data-parallel training, Infinity where nothing is added up. */
  readonly every: number;
  /** Mean seconds of a step without what sums add: {@linkcode simulateSteps}. */
  readonly pace: number;
}

/** What a run takes. */
export interface Estimate {
  /** Seconds in all. */
  readonly seconds: number;
  /** Of the images a second that as many GPUs alone would do without noise and failures. */
  readonly efficiency: number;
  /** Seconds between saves. */
  readonly interval: number;
}

/** A run over all images, saved at Daly's interval; or parts of a prediction, which are saved at their ends. */
export function estimateRun(
  load: Workload,
  network: Network,
  { ranks, every, pace }: Mode,
): Estimate {
  const { images, batch, between, save, restart } = load;
  const work = images / batch / ranks * (pace + sumTime(ranks, network, load) / every);
  const alone = images / batch / ranks * load.step;
  // Where nothing is added up a failure stops one, which begins its part again.
  const faults = { between: every === Infinity ? between : between / ranks, save, restart };
  const interval = every === Infinity ? work : Math.min(work, dalyInterval(faults));
  const seconds = expectedTime(work, interval, faults);
  return { seconds, efficiency: alone / seconds, interval };
}
