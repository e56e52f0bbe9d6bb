/** What it takes to feed a run from storage: requests in flight, bytes a second, processors; and a simulated queue. */

import type { Random } from "../../data/random.ts";

/** Where images come from and what becomes of them. */
export interface Storage {
  /** Mean seconds of a request, without its bytes. */
  readonly latency: number;
  /** Bytes a second that one process gets. */
  readonly bandwidth: number;
  /** Mean bytes of an image. */
  readonly bytes: number;
  /** Images a second that one processor decodes. */
  readonly decodes: number;
  readonly processors: number;
}

/** Images a second of one process with so many requests in flight: the least of what each part can do. */
export function loadingRate(inFlight: number, storage: Storage): number {
  const { latency, bandwidth, bytes, decodes, processors } = storage;
  // Little: requests in flight = rate × time of a request.
  return Math.min(inFlight / latency, bandwidth / bytes, decodes * processors);
}

/** Requests in flight for so many images a second (Little's law). */
export function requestsFor(rate: number, { latency }: Pick<Storage, "latency">): number {
  return Math.ceil(rate * latency);
}

/** Images a second of a closed queue: each of `inFlight` requests takes an exponential time, then the next is sent. */
export function simulateLoading(
  random: Random,
  { inFlight, latency, images }: {
    readonly inFlight: number;
    readonly latency: number;
    readonly images: number;
  },
): number {
  const times = Array.from({ length: inFlight }, () => 0);
  for (let i = 0; i < images; i++) {
    // The request that ended first sends the next one.
    const first = times.indexOf(Math.min(...times));
    times[first]! -= latency * Math.log(1 - random());
  }
  return images / (times.reduce((a, b) => a + b, 0) / inFlight);
}
