/** Learning rates as functions of the progress of a run. Numbers only: no tensor and no state. */

/** What the optimizer is given at each step. Epochs, and steps within an epoch, count from 0. */
export interface Schedule {
  /** The learning rate of a step. Schedules by the epoch ignore the step. */
  learningRate(epoch: number, step: number): number;
  /** Adam's β1 or SGD's momentum at a step; absent where the schedule leaves it alone. */
  beta1?(epoch: number, step: number): number;
  /** Hears the validation loss of each epoch; absent where the schedule does not listen. */
  observe?(loss: number): void;
  /** What it has heard, to be saved with a run; absent where the schedule does not listen. */
  state?(): ScheduleState;
}

/** The state of a schedule that listens. */
export type ScheduleState = Readonly<Record<string, number>>;

/** The same learning rate at every step. */
export function constant(learningRate: number): Schedule {
  return { learningRate: () => learningRate };
}

/** How {@linkcode stepLR} falls. */
export interface StepLROptions {
  /** Epochs between two falls. */
  readonly every: number;
  /** Factor of each fall. */
  readonly gamma: number;
}

/**
 * γ^⌊epoch / every⌋ times the learning rate, as `torch.optim.lr_scheduler.StepLR`. Throws RangeError
 * when `every` is no whole number from 1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * const schedule = stepLR(0.1, { every: 3, gamma: 0.5 });
 * assert.equal(schedule.learningRate(2, 0), 0.1);
 * assert.equal(schedule.learningRate(3, 0), 0.05);
 * ```
 */
export function stepLR(learningRate: number, { every, gamma }: StepLROptions): Schedule {
  if (!Number.isSafeInteger(every) || every < 1) {
    throw new RangeError(
      `Cannot lower the learning rate every ${every} epochs: a whole number from 1 was needed`,
    );
  }
  return { learningRate: (epoch) => learningRate * gamma ** Math.floor(epoch / every) };
}

/** How {@linkcode multiStepLR} falls. */
export interface MultiStepOptions {
  /** The epochs at which it falls, each above the one before. */
  readonly milestones: readonly number[];
  /** Factor of each fall. */
  readonly gamma: number;
}

/**
 * γ^(milestones that have passed) times the learning rate, as `torch.optim.lr_scheduler.MultiStepLR`. Throws
 * RangeError when milestones do not rise.
 */
export function multiStepLR(
  learningRate: number,
  { milestones, gamma }: MultiStepOptions,
): Schedule {
  requireRising("fall at", milestones);
  const passed = (epoch: number) => milestones.filter((m) => m <= epoch).length;
  return { learningRate: (epoch) => learningRate * gamma ** passed(epoch) };
}

/** Throws RangeError unless epochs rise from above 0. */
export function requireRising(what: string, epochs: readonly number[]): void {
  if (epochs.every((e, i) => Number.isFinite(e) && e > (epochs[i - 1] ?? 0))) return;
  throw new RangeError(
    `Cannot ${what} the epochs ${
      epochs.join(", ")
    }: each had to be above the one before, the first above 0`,
  );
}

/** γ^epoch times the learning rate, as `torch.optim.lr_scheduler.ExponentialLR`. */
export function exponential(learningRate: number, { gamma }: { readonly gamma: number }): Schedule {
  return { learningRate: (epoch) => learningRate * gamma ** epoch };
}

/** From where to where {@linkcode linear} goes; the defaults are torch's. */
export interface LinearOptions {
  /** Epochs on the way. */
  readonly epochs: number;
  /** Factor of the first epoch, 1/3. */
  readonly start?: number;
  /** Factor from `epochs` on, 1. */
  readonly end?: number;
}

/** A factor on a straight line, as `torch.optim.lr_scheduler.LinearLR`. Throws RangeError for no epochs. */
export function linear(learningRate: number, options: LinearOptions): Schedule {
  const { epochs, start = 1 / 3, end = 1 } = options;
  requireEpochs(epochs);
  const factor = (epoch: number) => start + (end - start) * Math.min(epoch, epochs) / epochs;
  return { learningRate: (epoch) => learningRate * factor(epoch) };
}

/** How {@linkcode polynomial} falls. */
export interface PolynomialOptions {
  /** Epochs until the end of the fall. */
  readonly epochs: number;
  /** 1 falls on a straight line. Default 1. */
  readonly power?: number;
  /** The learning rate at the end. Default 0. */
  readonly least?: number;
}

/**
 * (1 − epoch / epochs)^power of the way from `least` to the learning rate, as
 * `torch.optim.lr_scheduler.PolynomialLR`. Throws RangeError for no epochs.
 */
export function polynomial(learningRate: number, options: PolynomialOptions): Schedule {
  const { epochs, power = 1, least = 0 } = options;
  requireEpochs(epochs);
  return {
    learningRate: (epoch) =>
      least + (learningRate - least) * (1 - Math.min(epoch, epochs) / epochs) ** power,
  };
}

/** How {@linkcode cosine} falls; the defaults are those of timm's `CosineLRScheduler`. */
export interface CosineOptions {
  /** Epochs of the first cycle. */
  readonly epochs: number;
  /** The learning rate at the end of a cycle. Default 0. */
  readonly least?: number;
  /** Cycles before it stays at `least`; Infinity to begin anew for ever, as torch's warm restarts. Default 1. */
  readonly cycles?: number;
  /** How much longer each cycle is than the one before, from 1. Default 1. */
  readonly stretch?: number;
  /** How much lower each cycle begins than the one before. Default 1. */
  readonly decay?: number;
}

/**
 * Half a cosine from the learning rate to `least`, again and again: Loshchilov and Hutter 2017,
 * arXiv:1608.03983. Throws RangeError for no epochs, or a stretch below 1.
 */
export function cosine(learningRate: number, options: CosineOptions): Schedule {
  const { epochs, least = 0, cycles = 1, stretch = 1, decay = 1 } = options;
  requireEpochs(epochs);
  if (!(stretch >= 1)) {
    throw new RangeError(`Cannot stretch cycles by ${stretch}: a factor from 1 was needed`);
  }
  return {
    learningRate(epoch) {
      // Epochs of the first k cycles: epochs · (stretchᵏ − 1) / (stretch − 1).
      const k = stretch === 1
        ? Math.floor(epoch / epochs)
        : Math.floor(Math.log(1 + epoch / epochs * (stretch - 1)) / Math.log(stretch));
      if (k >= cycles) return least;
      const before = stretch === 1 ? k * epochs : epochs * (stretch ** k - 1) / (stretch - 1);
      const progress = (epoch - before) / (epochs * stretch ** k);
      return halfCosine(least, learningRate * decay ** k, progress);
    },
  };
}

/**
 * A cosine from the learning rate to `least` and back, every `2 · epochs`: as
 * `torch.optim.lr_scheduler.CosineAnnealingLR`, which rises again after `epochs`. Throws RangeError for no epochs.
 */
export function cosineWave(
  learningRate: number,
  { epochs, least = 0 }: Pick<CosineOptions, "epochs" | "least">,
): Schedule {
  requireEpochs(epochs);
  return { learningRate: (epoch) => halfCosine(least, learningRate, epoch / epochs) };
}

/** Half a cosine from `high` at 0 to `low` at 1. */
export function halfCosine(low: number, high: number, progress: number): number {
  return low + (high - low) * (1 + Math.cos(Math.PI * progress)) / 2;
}

function requireEpochs(epochs: number): void {
  if (epochs > 0 && Number.isFinite(epochs)) return;
  throw new RangeError(`Cannot plan ${epochs} epochs: a number above 0 was needed`);
}
