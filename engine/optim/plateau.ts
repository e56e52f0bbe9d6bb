/** A schedule that falls when the validation loss does. What it has heard is its state; it knows no run. */

import type { Schedule, ScheduleState } from "./schedules.ts";

/** When {@linkcode plateau} falls; the defaults are those of torch's `ReduceLROnPlateau`. */
export interface PlateauOptions {
  /** Factor of each fall, below 1. Default 0.1. */
  readonly factor?: number;
  /** Epochs without a better loss that are borne. Default 10. */
  readonly patience?: number;
  /** By what share a loss has to be lower to be better. Default 1e-4. */
  readonly threshold?: number;
  /** Epochs after a fall that do not count. Default 0. */
  readonly cooldown?: number;
  /** The lowest learning rate. Default 0. */
  readonly least?: number;
  /** Where an earlier part of the run stopped. Default the beginning. */
  readonly state?: ScheduleState | undefined;
}

/**
 * The learning rate times `factor` after more than `patience` epochs without a better loss. Throws RangeError for
 * a factor that is none and for a state of another schedule.
 */
export function plateau(learningRate: number, options: PlateauOptions = {}): Schedule {
  const { factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0, least = 0 } = options;
  if (!(factor > 0 && factor < 1)) {
    throw new RangeError(
      `Cannot lower the learning rate by ${factor}: a factor between 0 and 1 was needed`,
    );
  }
  const { rate, waited, resting, best } = options.state ??
    { rate: learningRate, waited: 0, resting: 0 };
  if (rate === undefined || waited === undefined || resting === undefined) {
    throw new RangeError(
      "Cannot go on with a plateau: the state lacks rate, waited or resting, that of a plateau was needed",
    );
  }
  const now: { rate: number; waited: number; resting: number; best?: number } = {
    ...{ rate, waited, resting },
    ...(best !== undefined && { best }),
  };
  return {
    learningRate: () => now.rate,
    observe(loss) {
      if (now.best === undefined || loss < now.best * (1 - threshold)) {
        now.best = loss;
        now.waited = 0;
      } else now.waited++;
      if (now.resting > 0) {
        now.resting--;
        now.waited = 0;
      }
      if (now.waited <= patience) return;
      now.rate = Math.max(least, now.rate * factor);
      now.resting = cooldown;
      now.waited = 0;
    },
    state: () => ({ ...now }),
  };
}
