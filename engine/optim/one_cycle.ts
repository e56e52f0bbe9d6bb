/** The one-cycle schedule: a rise, and a fall far below the beginning. Numbers only: no tensor and no state. */

import type { Schedule } from "./schedules.ts";

/** The length and the form of {@linkcode oneCycle}; the defaults are torch's. */
export interface OneCycleOptions {
  /** Epochs of the whole run. */
  readonly epochs: number;
  /** Steps of each epoch. */
  readonly stepsPerEpoch: number;
  /** Share of the steps in which the learning rate rises, 0.3. */
  readonly rise?: number;
  /** The highest learning rate over the first, 25. */
  readonly divisor?: number;
  /** The first learning rate over the last, 1e4. */
  readonly finalDivisor?: number;
  /** The path between two rates, `"cosine"`. */
  readonly path?: "cosine" | "linear";
  /** Whether it falls to the first rate as it rose, and only then to the last; false. */
  readonly threePhases?: boolean;
  /** β1 at the highest learning rate and at the lowest, [0.85, 0.95]. */
  readonly beta1?: readonly [number, number];
}

/** A stretch of steps from one learning rate and β1 to the next. */
interface Phase {
  /** The last step, no whole number as a rule. */
  readonly end: number;
  readonly rate: readonly [number, number];
  readonly beta1: readonly [number, number];
}

/**
 * A rise to `learningRate` and a fall far below the beginning, while β1 goes the other way; as
 * `torch.optim.lr_scheduler.OneCycleLR` (Smith and Topin, 2018), stepped once a batch. Throws
 * RangeError for a run without steps, and the functions throw it for a step after the last.
 */
export function oneCycle(learningRate: number, options: OneCycleOptions): Schedule {
  const { epochs, stepsPerEpoch, rise = 0.3, path = "cosine" } = options;
  const total = epochs * stepsPerEpoch;
  if (!Number.isSafeInteger(total) || total < 1) {
    throw new RangeError(
      `Cannot plan a cycle over ${epochs} epochs of ${stepsPerEpoch} steps: at least 1 step was needed`,
    );
  }
  const phases = phasesOf(learningRate, options, { total, rise });
  const weight = path === "cosine"
    ? (x: number) => (Math.cos(Math.PI * x) + 1) / 2
    : (x: number) => 1 - x;
  const value = (key: "rate" | "beta1", epoch: number, step: number) => {
    const at = epoch * stepsPerEpoch + step;
    if (!(at >= 0 && at < total)) {
      throw new RangeError(`Cannot take step ${at + 1} of a cycle: it has ${total} steps`);
    }
    const found = phases.findIndex(({ end }, i) => at <= end || i === phases.length - 1);
    const phase = phases[found]!;
    const start = phases[found - 1]?.end ?? 0;
    const [from, to] = phase[key];
    // A phase without length is at its end, where torch divides by zero.
    return to + (from - to) * weight(phase.end > start ? (at - start) / (phase.end - start) : 1);
  };
  return {
    learningRate: (epoch, step) => value("rate", epoch, step),
    beta1: (epoch, step) => value("beta1", epoch, step),
  };
}

function phasesOf(
  high: number,
  { divisor = 25, finalDivisor = 1e4, threePhases = false, beta1 = [0.85, 0.95] }: OneCycleOptions,
  { total, rise }: { readonly total: number; readonly rise: number },
): readonly Phase[] {
  const first = high / divisor;
  const last = first / finalDivisor;
  const [least, most] = beta1;
  const up: Phase = { end: rise * total - 1, rate: [first, high], beta1: [most, least] };
  if (!threePhases) return [up, { end: total - 1, rate: [high, last], beta1: [least, most] }];
  return [
    up,
    { end: 2 * rise * total - 2, rate: [high, first], beta1: [least, most] },
    { end: total - 1, rate: [first, last], beta1: [most, most] },
  ];
}
