/** The options of the learning rate over a run, and the schedule they stand for. Trains nothing. */

import { byStep, lastStretch, slowed, warmUp } from "../../engine/optim/compose.ts";
import { oneCycle } from "../../engine/optim/one_cycle.ts";
import { plateau } from "../../engine/optim/plateau.ts";
import {
  constant,
  cosine,
  exponential,
  multiStepLR,
  polynomial,
  type Schedule,
  type ScheduleState,
  stepLR,
} from "../../engine/optim/schedules.ts";
import type { OptimizerFlags } from "./optimizer.ts";
import { flagName, UsageError } from "./usage_error.ts";

/** The schedules, and the flags that each takes beside `--warmup`. */
export const SCHEDULES = {
  constant: [],
  cosine: ["minLr", "cycles", "cycleStretch", "cycleDecay"],
  exponential: ["gamma"],
  linear: ["minLr"],
  "multi-step": ["milestones", "gamma"],
  "one-cycle": ["rise", "threePhases"],
  plateau: ["gamma", "plateauPatience", "minLr"],
  polynomial: ["exponent", "minLr"],
  step: ["stepEvery", "gamma"],
} as const satisfies Readonly<Record<string, readonly (keyof ScheduleFlags)[]>>;

/** The name of a schedule. */
export type ScheduleName = keyof typeof SCHEDULES;

/** Names of all schedules. */
export const SCHEDULE_NAMES: readonly ScheduleName[] = Object.keys(SCHEDULES) as ScheduleName[];

/** What they are when read. */
export interface ScheduleFlags {
  readonly lr: number;
  readonly schedule: ScheduleName;
  readonly stepEvery: number;
  readonly gamma?: number;
  /** Epochs, separated by commas. */
  readonly milestones?: string;
  readonly minLr: number;
  readonly cycles: number;
  readonly cycleStretch: number;
  readonly cycleDecay: number;
  readonly exponent: number;
  readonly rise: number;
  readonly threePhases?: boolean;
  readonly plateauPatience: number;
  /** Epochs of a linear rise. */
  readonly warmup: number;
  readonly warmupLr?: number;
}

/** Factors of a fall where none is given. */
export const GAMMA: Readonly<Partial<Record<ScheduleName, number>>> = {
  step: 0.85,
  exponential: 0.9,
  "multi-step": 0.1,
  plateau: 0.1,
};

/** Throws UsageError where flags do not fit the schedule. */
export function requireSchedule(
  flags: ScheduleFlags & { readonly optimizer: string; readonly epochs: number },
  isGiven: (name: string) => boolean,
): void {
  const { schedule, optimizer, warmup, epochs } = flags;
  for (const name of new Set(Object.values(SCHEDULES).flat())) {
    if (!isGiven(name) || flags[name] === false) continue;
    if ((SCHEDULES[schedule] as readonly string[]).includes(name)) continue;
    const takers = SCHEDULE_NAMES.filter((s) => (SCHEDULES[s] as readonly string[]).includes(name));
    throw new UsageError(
      `Cannot use --${flagName(name)} with ${schedule}: ` +
        `--schedule ${takers.join(" or ")} was needed`,
    );
  }
  const wrong = schedule === "multi-step" && flags.milestones === undefined
    ? "Cannot use --schedule multi-step alone: --milestones were needed"
    : schedule === "one-cycle" && warmup > 0
    ? "Cannot use --warmup with one-cycle: it rises itself, --rise says how long"
    : optimizer === "schedule-free" && schedule !== "constant"
    ? `Cannot use --schedule ${schedule} with schedule-free: --schedule constant was needed, and ` +
      "perhaps --warmup"
    : warmup >= epochs && warmup > 0
    ? `Cannot warm up for ${warmup} of ${epochs} epochs: fewer were needed`
    : isGiven("warmupLr") && warmup === 0
    ? "Cannot use --warmup-lr alone: --warmup was needed"
    : undefined;
  if (wrong !== undefined) throw new UsageError(wrong);
}

/** Whether more epochs would have changed those that are done. */
export function dependsOnEpochs(
  { schedule, swa }: Pick<ScheduleFlags, "schedule"> & Pick<OptimizerFlags, "swa">,
): boolean {
  return swa !== undefined || ["cosine", "linear", "one-cycle", "polynomial"].includes(schedule);
}

/** The factor of a fall, where the schedule has one. */
export function gammaOf(
  { schedule, gamma }: Pick<ScheduleFlags, "schedule" | "gamma">,
): number | undefined {
  return GAMMA[schedule] && (gamma ?? GAMMA[schedule]);
}

/** The learning rate of each step. `state` is that of the schedule when a run stopped. */
export function scheduleOf(
  flags: ScheduleFlags & OptimizerFlags & { readonly epochs: number },
  options: { readonly stepsPerEpoch: number; readonly state?: ScheduleState | undefined },
): Schedule {
  const { epochs, swa, swaLr } = flags;
  const { stepsPerEpoch, state: { slowed: factor = 1, ...heard } = {} } = options;
  const state = Object.keys(heard).length > 0 ? heard : undefined;
  const schedule = withoutAverage(flags, { stepsPerEpoch, state });
  const whole = swa === undefined || swaLr === undefined
    ? schedule
    : lastStretch(schedule, { start: epochs - swa, learningRate: swaLr });
  return factor === 1 ? whole : slowed(whole, factor);
}

function withoutAverage(
  flags: ScheduleFlags & OptimizerFlags & { readonly epochs: number },
  { stepsPerEpoch, state }: Parameters<typeof scheduleOf>[1],
): Schedule {
  const { lr, epochs, schedule, warmup, warmupLr = lr / 100, rise, threePhases = false } = flags;
  if (schedule === "one-cycle") return oneCycle(lr, { epochs, stepsPerEpoch, rise, threePhases });
  if (flags.optimizer === "schedule-free") return constant(lr); // it warms up itself
  const plain = byEpoch(flags, state);
  return byStep(warmUp(plain, { epochs: warmup, from: warmupLr, to: lr }), { stepsPerEpoch });
}

function byEpoch(
  flags: ScheduleFlags & { readonly epochs: number },
  state: ScheduleState | undefined,
): Schedule {
  const { lr, epochs, schedule, minLr: least, stepEvery, exponent, cycles, plateauPatience } =
    flags;
  const gamma = gammaOf(flags)!;
  switch (schedule) {
    case "step":
      return stepLR(lr, { every: stepEvery, gamma });
    case "multi-step":
      return multiStepLR(lr, { milestones: flags.milestones!.split(",").map(Number), gamma });
    case "exponential":
      return exponential(lr, { gamma });
    case "cosine": {
      const { cycleStretch: stretch, cycleDecay: decay } = flags;
      // All cycles together are as long as the run.
      const length = Array.from({ length: cycles }, (_, k) => stretch ** k).reduce((a, b) => a + b);
      return cosine(lr, { epochs: epochs / length, least, cycles, stretch, decay });
    }
    case "linear":
      return polynomial(lr, { epochs, least });
    case "polynomial":
      return polynomial(lr, { epochs, power: exponent, least });
    case "plateau":
      return plateau(lr, { factor: gamma, patience: plateauPatience, least, state });
    default:
      return constant(lr);
  }
}

/** The schedule in words; `rate` is the learning rate in words. */
export function describeSchedule(flags: ScheduleFlags, rate: string): string {
  const { schedule, minLr, stepEvery, milestones, cycles, exponent, plateauPatience, warmup } =
    flags;
  const gamma = gammaOf(flags);
  const rising = warmup > 0
    ? `, after a rise of ${warmup} ${warmup === 1 ? "epoch" : "epochs"}`
    : "";
  const words: Readonly<Record<ScheduleName, string>> = {
    step: `learning rate ${rate}, × ${gamma} every ${stepEvery} epochs`,
    "multi-step": `learning rate ${rate}, × ${gamma} at the epochs ${milestones}`,
    exponential: `learning rate ${rate}, × ${gamma} every epoch`,
    "one-cycle": `learning rate up to ${rate} in one cycle`,
    constant: `learning rate ${rate}`,
    cosine: `learning rate ${rate} to ${minLr} on ${
      cycles === 1 ? "a cosine" : `${cycles} cosines`
    }`,
    linear: `learning rate ${rate} to ${minLr} on a line`,
    polynomial: `learning rate ${rate} to ${minLr} by a power of ${exponent}`,
    plateau:
      `learning rate ${rate}, × ${gamma} after ${plateauPatience} epochs without a lower loss`,
  };
  return words[schedule] + rising;
}
