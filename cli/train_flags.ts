/** The flags of `train`, what they stand for together, and how a saved run turns back into them. */

import { constant, oneCycle, type Schedule, stepLR } from "../engine/optim/schedules.ts";
import { modelNames } from "../models/mod.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import { requireModel } from "../train/restore.ts";
import type { SessionOptions } from "../train/session.ts";
import {
  addDataFlags,
  addSamplerFlag,
  type DataFlags,
  PLACE_FLAGS,
  requireDataAgreement,
  samplerOf,
} from "./data_flags.ts";
import type { Sampler } from "../data/sampler.ts";
import { addAugmentFlag, addAugmentOnFlag } from "./augment_flags.ts";
import { addLoadingFlags, LOADING_FLAGS, type LoadingFlags } from "./loading_flags.ts";
import { UsageError } from "./errors.ts";
import {
  type Command,
  type CommonFlags,
  given,
  newCommand,
  nonNegative,
  oneOf,
  parseFlags,
  positive,
  share,
  whole,
} from "./flags.ts";
import { requireTuning, type TuningFlags, tuningOptions, withTuningFlags } from "./tuning_flags.ts";
import { publishedTag, type WeightFlags, withWeightFlags } from "./weight_flags.ts";

/** What decides a run's numbers; saved with it. */
export interface Recipe
  extends CommonFlags, DataFlags, WeightFlags, TuningFlags, Pick<LoadingFlags, "onBad"> {
  readonly sampler: Sampler;
  readonly model: string;
  readonly size: number;
  readonly resize: number;
  /** A preset or a file with a pipeline. */
  readonly augment: string;
  /** Where it is done as far as it can be. */
  readonly augmentOn: "device" | "workers";
  readonly batch: number;
  readonly epochs: number;
  readonly lr: number;
  readonly optimizer: "adam" | "sgd";
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay: number;
  readonly schedule: "step" | "one-cycle" | "constant";
  readonly stepEvery: number;
  readonly gamma: number;
  readonly labelSmoothing: number;
  /** `auto`, or a number for each class. */
  readonly classWeights?: string;
  readonly drop: number;
  readonly dropPath: number;
}

/** All flags of `train`. */
export interface TrainFlags extends Recipe, LoadingFlags {
  readonly run?: string;
  readonly name?: string;
  readonly resume?: string;
  readonly power?: "high" | "low";
  readonly logEvery: number;
}

/** Flags as they were given: sizes that are missing follow from what a run starts from. */
export type AskedFlags =
  & Omit<TrainFlags, "size" | "resize">
  & Partial<Pick<TrainFlags, "size" | "resize">>;

/** What `train` without data does: a small net, a small demo set, a few minutes on two cores. */
export const DEMO_RECIPE = {
  model: "resnet18",
  size: 48,
  batch: 16,
  epochs: 5,
  lr: 2e-3,
  schedule: "one-cycle",
} as const;

/** Flags that say how and where a run is done and change none of its numbers. */
const PRACTICAL = ["run", "name", "resume", "power", "logEvery", "json", ...LOADING_FLAGS];

/** Flags that may differ from the saved ones on resuming: the data may have moved. */
const MOVABLE = [...PRACTICAL, ...PLACE_FLAGS];

/** The command, its defaults the reference recipe: Adam 0.005, StepLR(4, 0.85), 10 epochs. */
export function trainCommand(): Command {
  const command = newCommand(
    "train",
    "Trains a classifier. Without --data or --labels it trains on a demo set that it makes itself: " +
      `${DEMO_RECIPE.model}, ${DEMO_RECIPE.size} pixels, ${DEMO_RECIPE.epochs} epochs.`,
  );
  addAugmentOnFlag(addAugmentFlag(addSamplerFlag(addDataFlags(command, { validation: 0.2 }))))
    .option("--model <name>", modelNames.join(", "), oneOf(modelNames), "efficientnet_b0")
    .option("--size <pixels>", "side of the square the model sees (default: the model's)", whole(1))
    .option(
      "--resize <pixels>",
      "shorter side before the square is cut (default: as for the weights, 256 for size 224)",
      whole(1),
    )
    .option("--batch <n>", "images a step", whole(1), 32)
    .option("--epochs <n>", "passes over the training images", whole(1), 10)
    .option("--lr <x>", "learning rate; the largest one of one-cycle", positive, 0.005)
    .option("--optimizer <name>", "adam or sgd", oneOf(["adam", "sgd"]), "adam")
    .option("--momentum <x>", "of sgd (default: 0.9)", share)
    .option("--nesterov", "Nesterov's momentum, of sgd")
    .option("--weight-decay <x>", "added to the gradient as x · weight", nonNegative, 0)
    .option(
      "--schedule <name>",
      "step, one-cycle or constant",
      oneOf(["step", "one-cycle", "constant"]),
      "step",
    )
    .option("--step-every <epochs>", "of the step schedule", whole(1), 4)
    .option("--gamma <x>", "factor of the step schedule", positive, 0.85)
    .option("--label-smoothing <x>", "share of the target spread over all classes", share, 0)
    .option("--class-weights <list>", "auto, or a number for each class: 1,2.5", classWeights)
    .option("--drop <share>", "dropout before the classifier", share, 0)
    .option("--drop-path <share>", "stochastic depth", share, 0)
    .option("--run <dir>", "the run folder (default: runs/<date>T<time>-<name>)")
    .option("--name <name>", "name of the default run folder (default: the model)")
    .option("--resume <run>", "continue a run folder at its last finished epoch")
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]))
    .option("--log-every <n>", "steps between two lines of progress", whole(1), 10);
  return withTuningFlags(withWeightFlags(addLoadingFlags(command)));
}

/** Reads the flags of a new run. Throws UsageError for flags that contradict each other. */
export function readTrainFlags(args: readonly string[]): { flags: AskedFlags } | { help: string } {
  const command = trainCommand();
  const parsed = parseFlags<AskedFlags>(command, args);
  if ("help" in parsed) return parsed;
  if (parsed.flags.resume !== undefined) return parsed;
  const demo = parsed.flags.data === undefined && parsed.flags.labels === undefined;
  const flags = { ...parsed.flags } as { -readonly [K in keyof AskedFlags]: AskedFlags[K] };
  if (demo) {
    for (const [name, value] of Object.entries(DEMO_RECIPE)) {
      if (!given(command, name)) Object.assign(flags, { [name]: value });
    }
  }
  requireAgreement(flags, (name) => given(command, name));
  const pretrained = publishedTag(flags);
  if (pretrained !== undefined) flags.pretrained = pretrained;
  flags.sampler = samplerOf(flags);
  requireTuning(flags);
  if (flags.optimizer === "sgd") flags.momentum ??= 0.9;
  return { flags };
}

/**
 * Reads the flags of a run that goes on: the saved recipe, with what this command line may change.
 * Throws UsageError for a flag that would make it another run, CheckpointError for another model.
 */
export function resumeFlags(
  checkpoint: Checkpoint,
  { path, args }: { readonly path: string; readonly args: readonly string[] },
): TrainFlags {
  const before = trainCommand();
  // Runs from before the device could augment go on as they began.
  const saved = { augmentOn: "workers", ...checkpoint.configuration };
  const recipe = parseFlags<TrainFlags>(before, toArguments(before, saved));
  const command = trainCommand();
  const now = parseFlags<TrainFlags>(command, args);
  if ("help" in recipe || "help" in now) throw new UsageError("Cannot resume: --help was given");
  const changed: Record<string, unknown> = {};
  for (const option of command.options) {
    const name = option.attributeName();
    if (!given(command, name)) continue;
    const [was, is] = [recipe, now].map(({ flags }) => (flags as unknown as typeof changed)[name]);
    if (name === "model") requireModel(checkpoint, String(is), path);
    const longer = name === "epochs" && recipe.flags.schedule !== "one-cycle";
    if (is !== was && !longer && !MOVABLE.includes(name)) {
      throw new UsageError(
        `Cannot change ${option.long} of a run to ${is}: it began with ${was ?? "none"}, ` +
          "the same or no such flag was needed",
      );
    }
    changed[name] = is;
  }
  const { data, labels, images, ...rest } = recipe.flags;
  const moved = PLACE_FLAGS.some((name) => name in changed);
  const source = moved ? {} : withoutUndefined({ data, labels, images });
  return { ...rest, ...source, logEvery: now.flags.logEvery, ...changed };
}

/** The part of the flags that is saved with a run. */
export function recipeOf(flags: TrainFlags): Record<string, unknown> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => !PRACTICAL.includes(name)));
}

/** The learning rate of each step. */
export function scheduleOf(recipe: Recipe, stepsPerEpoch: number): Schedule {
  const { lr, epochs, stepEvery, gamma } = recipe;
  switch (recipe.schedule) {
    case "step":
      return stepLR(lr, { every: stepEvery, gamma });
    case "one-cycle":
      return oneCycle(lr, { epochs, stepsPerEpoch });
    case "constant":
      return constant(lr);
  }
}

/** What a session needs to know. Throws UsageError when `--class-weights` has another count. */
export function sessionOptions(
  recipe: Recipe,
  counts: readonly number[],
): SessionOptions & Pick<Recipe, "model" | "size"> {
  const { model, size, batch, seed, optimizer: name, momentum, nesterov, weightDecay } = recipe;
  const weights = recipe.classWeights;
  const images = counts.reduce((sum, n) => sum + n, 0);
  const classWeights = weights === undefined
    ? undefined
    : weights === "auto"
    ? counts.map((n) => images / (counts.length * n))
    : weights.split(",").map(Number);
  if (classWeights !== undefined && classWeights.length !== counts.length) {
    throw new UsageError(
      `Cannot use --class-weights ${weights}: it has ${classWeights.length} numbers, ` +
        `one for each of ${counts.length} classes was needed`,
    );
  }
  return {
    model,
    classes: counts.length,
    size,
    batch,
    seed,
    optimizer: name === "sgd"
      ? { name, momentum: momentum ?? 0, nesterov: nesterov === true, weightDecay }
      : { name, weightDecay },
    labelSmoothing: recipe.labelSmoothing,
    ...(classWeights && { classWeights }),
    dropRate: recipe.drop,
    dropPathRate: recipe.dropPath,
    ...tuningOptions(recipe, recipe.lr),
    train: true,
  };
}

function requireAgreement(flags: AskedFlags, isGiven: (name: string) => boolean): void {
  requireDataAgreement(flags, isGiven);
  const { optimizer, schedule } = flags;
  const wrong = optimizer !== "sgd" && (isGiven("momentum") || flags.nesterov)
    ? `Cannot use --${flags.nesterov ? "nesterov" : "momentum"} with ${optimizer}: ` +
      "--optimizer sgd was needed"
    : schedule !== "step" && (isGiven("stepEvery") || isGiven("gamma"))
    ? `Cannot use --${isGiven("gamma") ? "gamma" : "step-every"} with ${schedule}: ` +
      "--schedule step was needed"
    : flags.nesterov && flags.momentum === 0
    ? "Cannot use --nesterov with --momentum 0: a momentum above 0 was needed"
    : undefined;
  if (wrong !== undefined) throw new UsageError(wrong);
}

function classWeights(text: string): string {
  if (text === "auto") return text;
  for (const part of text.split(",")) positive(part);
  return text;
}

function withoutUndefined<T>(values: Record<string, T | undefined>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined),
  );
}

/** The command line that a saved recipe amounts to, so that it is checked like any other. */
function toArguments(command: Command, saved: Readonly<Record<string, unknown>>): string[] {
  return command.options.flatMap((option) => {
    const value = saved[option.attributeName()];
    const long = option.long ?? "";
    if (value === undefined || value === null || value === false) return [];
    if (Array.isArray(value)) return value.flatMap((one) => [long, String(one)]);
    return value === true ? [long] : [long, String(value)];
  });
}
