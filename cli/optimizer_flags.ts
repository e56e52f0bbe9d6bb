/** The flags of the optimizer: which one, its options, how many batches a step takes, clipping, averages. Trains nothing. */

import {
  isDecoupled,
  type OptimizerName,
  optimizerNames,
  type OptimizerOptions,
  optionsOf,
} from "../engine/optim/mod.ts";
import type { SessionOptions } from "../train/session.ts";
import type { ClipOptions } from "../train/update.ts";
import { UsageError } from "./errors.ts";
import { type Command, nonNegative, oneOf, positive, share, whole } from "./flags.ts";

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
const OPTIONS = [
  "momentum",
  "nesterov",
  "beta1",
  "beta2",
  "epsilon",
  "alpha",
  "amsgrad",
  "centered",
] as const;

/** `command` with the flags of the optimizer, under headings of their own. */
export function withOptimizerFlags(command: Command): Command {
  return command
    .optionsGroup("Optimizer:")
    .option("--optimizer <name>", optimizerNames.join(", "), oneOf(optimizerNames), "adam")
    .option("--momentum <x>", `of ${takers("momentum")} (default: 0.9)`, share)
    .option("--nesterov", "Nesterov's momentum, of sgd")
    .option("--beta1 <x>", `decay of mean gradients, of ${takers("beta1")}`, share)
    .option("--beta2 <x>", "decay of mean squares, of the same", share)
    .option("--epsilon <x>", "what divisors are kept above, of all but sgd and lion", positive)
    .option("--alpha <x>", "decay of mean squares, of rmsprop and rmsprop-tf", share)
    .option("--amsgrad", "divide by the largest mean square so far, of adam and adamw")
    .option("--centered", "divide by the deviation of gradients, of rmsprop and rmsprop-tf")
    .option(
      "--weight-decay <x>",
      "added to the gradient as x · weight; beside it, as lr · x · weight, with " +
        `${optimizerNames.filter(isDecoupled).join(", ")}`,
      nonNegative,
      0,
    )
    .option(
      "--decay-on <what>",
      "all, or weights without norms and biases (default: weights where decay stands beside the " +
        "gradient, else all)",
      oneOf(["all", "weights"]),
    )
    .option(
      "--accumulate <n>",
      "batches a step: gradients are averaged over them, norms still see one batch",
      whole(1),
      1,
    )
    .option("--clip-norm <x>", "scale all gradients down to this norm together", positive)
    .option("--clip-value <x>", "bound every number of the gradients", positive)
    .option(
      "--clip-units <x>",
      "bound the gradient of each output channel by x times the norm of its weights; not of the classifier",
      positive,
    )
    .option(
      "--ema <decay>",
      "evaluate and save a moving average of the weights that keeps this share of itself each step, such " +
        "as 0.999; less in the first steps; 0: none",
      share,
    )
    .option("--ema-constant", "the average decays by that from the first step")
    .option(
      "--swa <epochs>",
      "average the weights at the ends of the last n epochs: averaged.safetensors, and best where it is",
      whole(1),
    )
    .option("--swa-lr <x>", "learning rate of these epochs (default: by --schedule)", positive);
}

/** The optimizers that take an option. */
function takers(option: (typeof OPTIONS)[number]): string {
  return optimizerNames.filter((name) => optionsOf(name).includes(option)).join(", ");
}

/** Throws UsageError where flags do not fit the optimizer or each other. */
export function requireOptimizer(
  flags: OptimizerFlags & { readonly epochs: number },
  isGiven: (name: string) => boolean,
): void {
  const { optimizer, ema, momentum, swa, swaLr, epochs } = flags;
  for (const option of OPTIONS) {
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
): Pick<SessionOptions, "optimizer" | "average" | "accumulate" | "decayAll"> & ClipOptions {
  const { optimizer: name, ema, decayOn, accumulate, clipNorm, clipValue, clipUnits } = flags;
  const { beta1, beta2, epsilon, alpha, amsgrad, centered, nesterov, weightDecay } = flags;
  const optimizer: OptimizerOptions = {
    ...{ name, weightDecay, momentum: momentumOf(flags) },
    ...{ beta1, beta2, epsilon, alpha, amsgrad, centered, nesterov },
    ...(name === "schedule-free" && { warmupSteps }),
  };
  return {
    optimizer,
    ...{ accumulate, clipNorm, clipValue, clipUnits },
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
    ...OPTIONS.flatMap((option) => {
      const value = flags[option];
      if (value === undefined || value === false || /^(momentum|nesterov)$/.test(option)) return [];
      return [value === true ? option : `${option} ${value}`];
    }),
    ...weightDecay > 0
      ? [`weight decay ${weightDecay}${on === "weights" ? " (not of norms and biases)" : ""}`]
      : [],
    ...accumulate > 1 ? [`${accumulate} batches a step`] : [],
    ...clipUnits === undefined ? [] : [`channels clipped to ${clipUnits} of their weights`],
    ...clipValue === undefined ? [] : [`gradients clipped to ±${clipValue}`],
    ...clipNorm === undefined ? [] : [`gradients clipped to norm ${clipNorm}`],
    ...flags.swa === undefined ? [] : [`mean of the last ${flags.swa} epochs`],
    ...ema ? [`moving average ${ema}${flags.emaConstant ? ", constant" : ""}`] : [],
  ].join(", ");
}
