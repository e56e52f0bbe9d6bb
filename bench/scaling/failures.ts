/** Runs that fail and go on from a checkpoint: how often to save, what is lost, and the same by simulation. */

import type { Random } from "../../data/random.ts";

/** What saving and failing cost, in seconds. */
export interface Faults {
  /** Mean time between failures of the whole run. */
  readonly between: number;
  /** A save, during which nothing is computed. */
  readonly save: number;
  /** From a failure until steps go on. */
  readonly restart: number;
}

/** Young's interval between saves: √(2·save·between) (Young 1974). */
export function youngInterval({ between, save }: Faults): number {
  return Math.sqrt(2 * save * between);
}

/** Daly's, which holds where saves are not short beside the time between failures (Daly 2006, eq. 37). */
export function dalyInterval({ between, save }: Faults): number {
  if (save >= 2 * between) return between;
  const x = save / (2 * between);
  return Math.sqrt(2 * save * between) * (1 + Math.sqrt(x) / 3 + x / 9) - save;
}

/** Expected seconds for so many seconds of work, saved every `interval`, with failures at random (Daly 2006, eq. 20). */
export function expectedTime(
  work: number,
  interval: number,
  { between, save, restart }: Faults,
): number {
  const each = between * Math.exp(restart / between) * (Math.exp((interval + save) / between) - 1);
  return each * work / interval;
}

/** Expected seconds of work that a failure destroys, where it comes at a random moment of an interval and its save. */
export function expectedLoss(interval: number, { save, between }: Faults): number {
  // The mean of an exponential time, given that it is shorter than the segment.
  const segment = interval + save;
  return between - segment / Math.expm1(segment / between);
}

/** What a simulated run took, in seconds. */
export interface Simulated {
  readonly total: number;
  readonly failures: number;
  /** Computed, and computed again. */
  readonly lost: number;
}

/** One run: failures come at random while it works, saves and restarts. */
export function simulateRun(
  random: Random,
  { work, interval, faults: { between, save, restart } }: {
    readonly work: number;
    readonly interval: number;
    readonly faults: Faults;
  },
): Simulated {
  const next = () => -between * Math.log(1 - random());
  let [total, done, failures, lost] = [0, 0, 0, 0];
  let until = next();
  while (done < work) {
    const piece = Math.min(interval, work - done);
    const segment = piece + save;
    if (until >= segment) {
      until -= segment;
      total += segment;
      done += piece;
      continue;
    }
    total += until;
    lost += until;
    failures++;
    // A restart may fail too.
    for (until = next(); until < restart; until = next()) {
      total += until;
      failures++;
    }
    total += restart;
    until -= restart;
  }
  return { total, failures, lost };
}
