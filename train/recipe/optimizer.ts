/** The options of the optimizer: which one, how many batches a step takes, clipping, averages. Trains nothing. */

import {
  isDecoupled,
  type OptimizerName,
  optimizerNames,
  type OptimizerOptions,
  optionsOf,
} from "../../engine/optim/mod.ts";
import type { SessionOptions } from "../session_options.ts";
import type { ClipOptions } from "../update.ts";
import { UsageError } from "./usage_error.ts";

/** What they are when read. */
export interface OptimizerFlags extends ClipOptions {
  readonly optimizer: OptimizerName;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly alpha?: number;
  readonly amsgrad?: boolean;
  readonly centered?: boolean;
  readonly weightDecay: number;
  /** What decays; by the optimizer where it is left out. */
  readonly decayOn?: "all" | "weights";
  readonly accumulate: number;
  /** Whether norms see the batches of all ranks as one. Default false. */
  readonly syncBn?: boolean;
  /** Decay of the moving average. */
  readonly ema?: number;
  /** Whether the average decays by that from the first step. */
  readonly emaConstant?: boolean;
  /** Epochs at the end whose weights are averaged. */
  readonly swa?: number;
  /** The learning rate of these epochs. */
  readonly swaLr?: number;
}

/** Flags that only some optimizers take. */
export const OPTIMIZER_OPTIONS = [
  "momentum",
  "nesterov",
  "beta1",
  "beta2",
  "epsilon",
  "alpha",
  "amsgrad",
  "centered",
] as const;

/** The optimizers that take an option. */
export function takers(option: (typeof OPTIMIZER_OPTIONS)[number]): string {
  return optimizerNames.filter((name) => optionsOf(name).includes(option)).join(", ");
}

/** Throws UsageError where flags do not fit the optimizer or each other. */
export function requireOptimizer(
  flags: OptimizerFlags & {
    readonly epochs: number;
    readonly syncEvery?: number;
    readonly wire?: string;
  },
  isGiven: (name: string) => boolean,
): void {
  const { optimizer, ema, momentum, swa, swaLr, epochs } = flags;
  for (const option of OPTIMIZER_OPTIONS) {
    if (!isGiven(option) || flags[option] === false) continue;
    if (optionsOf(optimizer).includes(option)) continue;
    throw new UsageError(
      `Cannot use --${option} with ${optimizer}: --optimizer ${
        takers(option).replaceAll(", ", " or ")
      } was needed`,
    );
  }
  const wrong = flags.nesterov && momentum === 0
    ? "Cannot use --nesterov with --momentum 0: a momentum above 0 was needed"
    : ema && optimizer === "schedule-free"
    ? "Cannot use --ema with schedule-free: it evaluates an average of its own, one of both was needed"
    : !ema && flags.emaConstant
    ? "Cannot use --ema-constant alone: --ema was needed"
    : swa !== undefined && (ema || optimizer === "schedule-free")
    ? `Cannot use --swa with ${ema ? "--ema" : optimizer}: one average was needed`
    : swa !== undefined && swa > epochs
    ? `Cannot use --swa ${swa} with --epochs ${epochs}: at most ${epochs} was needed`
    : swa === undefined && swaLr !== undefined
    ? "Cannot use --swa-lr alone: --swa was needed"
    : flags.syncEvery !== undefined && (ema || swa !== undefined || optimizer === "schedule-free")
    ? `Cannot use --sync-every with ${
      ema ? "--ema" : swa !== undefined ? "--swa" : optimizer
    }: weights that are evaluated as they are trained were needed${ema ? ", --ema 0" : ""}`
    : flags.syncEvery !== undefined && (flags.syncBn || flags.wire)
    ? `Cannot use --sync-every with --${
      flags.syncBn ? "sync-bn" : "wire"
    }: steps that ranks take together were needed`
    : optimizer === "schedule-free" && flags.beta1 === 0
    ? "Cannot use --beta1 0 with schedule-free: one above 0 was needed"
    : undefined;
  if (wrong !== undefined) throw new UsageError(wrong);
}

/** The momentum in force: 0.9 where an optimizer takes one and none was given. */
export function momentumOf({ optimizer, momentum }: OptimizerFlags): number | undefined {
  return optionsOf(optimizer).includes("momentum") ? momentum ?? 0.9 : undefined;
}

/** What a session needs to know of them. `warmupSteps` are those of an optimizer that needs no schedule. */
export function updateOptions(
  flags: OptimizerFlags,
  { warmupSteps }: { readonly warmupSteps: number },
):
  & Pick<
    SessionOptions,
    "optimizer" | "average" | "accumulate" | "synchroniseNorms" | "decayAll"
  >
  & ClipOptions {
  const { optimizer: name, ema, decayOn, accumulate, clipNorm, clipValue, clipUnits } = flags;
  const { syncBn: synchroniseNorms = false } = flags;
  const { beta1, beta2, epsilon, alpha, amsgrad, centered, nesterov, weightDecay } = flags;
  const optimizer: OptimizerOptions = {
    ...{ name, weightDecay, momentum: momentumOf(flags) },
    ...{ beta1, beta2, epsilon, alpha, amsgrad, centered, nesterov },
    ...(name === "schedule-free" && { warmupSteps }),
  };
  return {
    optimizer,
    ...{ accumulate, synchroniseNorms, clipNorm, clipValue, clipUnits },
    decayAll: decayOn && decayOn === "all",
    average: ema ? { decay: ema, warmup: !flags.emaConstant } : undefined,
  };
}

/** The optimizer in words. */
export function describeOptimizer(flags: OptimizerFlags): string {
  const { optimizer, weightDecay, decayOn, accumulate, clipNorm, clipValue, clipUnits, ema } =
    flags;
  const momentum = momentumOf(flags);
  const on = decayOn ?? (isDecoupled(optimizer) ? "weights" : "all");
  return [
    optimizer,
    ...momentum === undefined ? [] : [`momentum ${momentum}${flags.nesterov ? " (Nesterov)" : ""}`],
    ...OPTIMIZER_OPTIONS.flatMap((option) => {
      const value = flags[option];
      if (value === undefined || value === false || /^(momentum|nesterov)$/.test(option)) return [];
      return [value === true ? option : `${option} ${value}`];
    }),
    ...weightDecay > 0
      ? [`weight decay ${weightDecay}${on === "weights" ? " (not of norms and biases)" : ""}`]
      : [],
    ...flags.syncBn ? ["norms over all ranks"] : [],
    ...accumulate > 1 ? [`${accumulate} batches a step`] : [],
    ...clipUnits === undefined ? [] : [`channels clipped to ${clipUnits} of their weights`],
    ...clipValue === undefined ? [] : [`gradients clipped to ±${clipValue}`],
    ...clipNorm === undefined ? [] : [`gradients clipped to norm ${clipNorm}`],
    ...flags.swa === undefined ? [] : [`mean of the last ${flags.swa} epochs`],
    ...ema ? [`moving average ${ema}${flags.emaConstant ? ", constant" : ""}`] : [],
  ].join(", ");
}
