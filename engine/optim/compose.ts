/** Schedules made of schedules: one after another, with a warm-up, by the step, with a last stretch. No state of its own. */

import { halfCosine, requireRising, type Schedule } from "./schedules.ts";

/**
 * Each schedule until the next milestone, an epoch, from which the next one begins at its own first epoch: as
 * `torch.optim.lr_scheduler.SequentialLR`. Throws RangeError unless milestones rise and stand between schedules, and
 * for a schedule that listens: it would not be told the losses.
 */
export function sequential(
  schedules: readonly Schedule[],
  { milestones }: { readonly milestones: readonly number[] },
): Schedule {
  requireRising("begin schedules at", milestones);
  if (schedules.length !== milestones.length + 1) {
    throw new RangeError(
      `Cannot divide a run by ${milestones.length} milestones: ${schedules.length} schedules were given, ` +
        `${milestones.length + 1} were needed`,
    );
  }
  if (schedules.some((s) => s.observe)) {
    throw new RangeError(
      "Cannot put a schedule that hears losses into a sequence: schedules by the epoch or the step were needed",
    );
  }
  const at = (epoch: number) => {
    const i = milestones.filter((m) => m <= epoch).length;
    return [schedules[i]!, epoch - (milestones[i - 1] ?? 0)] as const;
  };
  return {
    learningRate(epoch, step) {
      const [schedule, own] = at(epoch);
      return schedule.learningRate(own, step);
    },
    // Where only some of the schedules have a β1, the others leave the optimizer its own.
    ...(schedules.every((s) => s.beta1) && {
      beta1(epoch: number, step: number) {
        const [schedule, own] = at(epoch);
        return schedule.beta1!(own, step);
      },
    }),
  };
}

/** How {@linkcode warmUp} begins; as of timm's schedulers. */
export interface WarmUpOptions {
  /** Epochs of the rise; none for 0. */
  readonly epochs: number;
  /** The learning rate of the first step. Default 0. */
  readonly from?: number;
  /** The learning rate it rises to. Default that of the schedule's first epoch. */
  readonly to?: number;
  /** Whether the schedule begins after the warm-up, not under it. Default false. */
  readonly prefix?: boolean;
}

/**
 * A schedule whose first epochs are replaced by a straight rise: timm's `warmup_t`, `warmup_lr_init` and
 * `warmup_prefix`. Without `prefix` the schedule is met where it is by then.
 */
export function warmUp(schedule: Schedule, options: WarmUpOptions): Schedule {
  const { epochs, from = 0, to = schedule.learningRate(0, 0), prefix = false } = options;
  if (!(epochs > 0)) return schedule;
  return delegating(
    schedule,
    (epoch, step) =>
      epoch < epochs
        ? from + epoch * (to - from) / epochs
        : schedule.learningRate(prefix ? epoch - epochs : epoch, step),
  );
}

/** A schedule by the epoch, followed within epochs too: step s of n is s / n of an epoch later. */
export function byStep(
  schedule: Schedule,
  { stepsPerEpoch }: { readonly stepsPerEpoch: number },
): Schedule {
  return delegating(
    schedule,
    (epoch, step) => schedule.learningRate(epoch + step / stepsPerEpoch, 0),
  );
}

/** The last stretch of a run, in which weights are averaged. */
export interface LastStretchOptions {
  /** The epoch it begins with. */
  readonly start: number;
  /** Its learning rate. */
  readonly learningRate: number;
  /** Epochs on the way from the rate before, on half a cosine. Default 0. */
  readonly anneal?: number;
}

/** A schedule that leaves its path at an epoch for a constant rate: what `torch.optim.swa_utils.SWALR` is for. */
export function lastStretch(schedule: Schedule, options: LastStretchOptions): Schedule {
  const { start, learningRate, anneal = 0 } = options;
  return delegating(schedule, (epoch, step) => {
    if (epoch < start) return schedule.learningRate(epoch, step);
    const progress = anneal > 0 ? Math.min(1, (epoch - start) / anneal) : 1;
    const before = schedule.learningRate(start, 0);
    return halfCosine(learningRate, before, progress);
  });
}

/** `schedule` with other learning rates. */
function delegating(schedule: Schedule, learningRate: Schedule["learningRate"]): Schedule {
  return {
    learningRate,
    ...(schedule.beta1 && { beta1: schedule.beta1 }),
    ...(schedule.observe && { observe: schedule.observe }),
    ...(schedule.state && { state: schedule.state }),
  };
}

/**
 * A schedule whose learning rates are all multiplied by `factor`, which its state has as `slowed`, beside what the
 * schedule itself has heard.
 */
export function slowed(schedule: Schedule, factor: number): Schedule {
  return {
    learningRate: (epoch, step) => factor * schedule.learningRate(epoch, step),
    ...(schedule.beta1 && { beta1: (epoch, step) => schedule.beta1!(epoch, step) }),
    ...(schedule.observe && { observe: (loss) => schedule.observe!(loss) }),
    state: () => ({ ...schedule.state?.(), slowed: factor }),
  };
}
