/** Golden schedules: learning rates of torch's and timm's schedulers, by the names of their calls. */

import { sequential, warmUp } from "../../engine/optim/compose.ts";
import { oneCycle } from "../../engine/optim/one_cycle.ts";
import {
  cosine,
  cosineWave,
  exponential,
  linear,
  multiStepLR,
  type Schedule,
  stepLR,
} from "../../engine/optim/schedules.ts";
import { DataError } from "../../data/errors.ts";
import type { Comparison } from "./compare.ts";

/** Rates of the first epochs, or steps of one epoch. */
export interface GoldenSchedule {
  readonly lr: readonly number[];
  readonly beta1?: readonly number[];
}

const base = 0.005;
const steps = (stepsPerEpoch: number) => ({ epochs: 1, stepsPerEpoch });
const timmCosine = { epochs: 12, least: 1e-5 };

/** What each call of the file is here. */
const SCHEDULES: Readonly<Record<string, Schedule>> = {
  "StepLR(4,.85)": stepLR(base, { every: 4, gamma: 0.85 }),
  "CosineAnnealingLR(12)": cosineWave(base, { epochs: 12 }),
  "CosineAnnealingLR(8,eta_min=1e-4)": cosineWave(base, { epochs: 8, least: 1e-4 }),
  "ExponentialLR(.9)": exponential(base, { gamma: 0.9 }),
  "MultiStepLR([3,7],.2)": multiStepLR(base, { milestones: [3, 7], gamma: 0.2 }),
  "LinearLR(.1,1,5)": linear(base, { epochs: 5, start: 0.1 }),
  "SequentialLR(LinearLR(.1,1,3),CosineAnnealingLR(9);[3])": sequential(
    [linear(base, { epochs: 3, start: 0.1 }), cosineWave(base, { epochs: 9 })],
    { milestones: [3] },
  ),
  "OneCycleLR(max .005,total 60)": oneCycle(base, steps(60)),
  "OneCycleLR(max .01,epochs 12,steps_per_epoch 1)": oneCycle(0.01, steps(12)),
  "OneCycleLR(max .01,total 20,linear,three_phase)": oneCycle(0.01, {
    ...steps(20),
    ...{ path: "linear", threePhases: true },
  }),
  "timm CosineLRScheduler(t_initial 12,lr_min 1e-5,warmup_t 3,warmup_lr_init 1e-6)": warmUp(
    cosine(base, timmCosine),
    { epochs: 3, from: 1e-6 },
  ),
  "timm same with warmup_prefix": warmUp(cosine(base, timmCosine), {
    ...{ epochs: 3, from: 1e-6, prefix: true },
  }),
  "timm StepLRScheduler(decay_t 4,decay_rate .85,warmup_t 2,warmup_lr_init 1e-6)": warmUp(
    stepLR(base, { every: 4, gamma: 0.85 }),
    { epochs: 2, from: 1e-6, prefix: true },
  ),
};

/** Largest relative error of a rate in float64. */
const LIMIT = 1e-12;

/** Compares every rate of the file. Throws DataError for a schedule that is not known here. */
export function checkSchedules(
  file: Readonly<Record<string, GoldenSchedule>>,
  comparison: Comparison,
): void {
  for (const [name, { lr, beta1 }] of Object.entries(file)) {
    const schedule = SCHEDULES[name];
    if (!schedule) {
      throw new DataError(
        `Cannot check the schedule ${name}: one of ${Object.keys(SCHEDULES).join("; ")} was needed`,
      );
    }
    const byStep = name.startsWith("OneCycle");
    const compare = (what: string, want: readonly number[], rate: Schedule["learningRate"]) =>
      want.forEach((expected, i) => {
        const error = Math.abs((byStep ? rate(0, i) : rate(i, 0)) - expected) / Math.abs(expected);
        comparison.absolute(what, error, LIMIT, `${name}, ${i}`);
      });
    compare("learning rates", lr, schedule.learningRate);
    if (beta1) compare("β1", beta1, schedule.beta1!);
  }
}
