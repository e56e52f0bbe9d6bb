/** The flags of `train` and what they stand for together. How a saved run turns back into them is in resume_flags.ts. */

import { DEFAULTS } from "../train/recipe/defaults.ts";
import type { RunRecipe } from "../train/recipe/recipe.ts";
import { modelNames } from "../models/mod.ts";
import {
  addDataFlags,
  addSamplerFlag,
  type DataFlags,
  requireDataAgreement,
  samplerOf,
} from "./data_flags.ts";
import type { Sampler } from "../data/sampler.ts";
import { addAugmentFlag, addAugmentOnFlag } from "./augment_flags.ts";
import { addLoadingFlags, type LoadingFlags } from "./loading_flags.ts";
import { UsageError } from "./errors.ts";
import {
  type Command,
  type CommonFlags,
  given,
  newCommand,
  oneOf,
  parseFlags,
  share,
  whole,
} from "./flags.ts";
import { type DistillFlags, requireDistill, withDistillFlags } from "./distill_flags.ts";
import { requireLoss } from "../train/recipe/loss.ts";
import { withLossFlags } from "./loss_flags.ts";
import { momentumOf, requireOptimizer } from "../train/recipe/optimizer.ts";
import { withOptimizerFlags } from "./optimizer_flags.ts";
import { gammaOf, requireSchedule } from "../train/recipe/schedule.ts";
import { withScheduleFlags } from "./schedule_flags.ts";
import { requireTuning } from "../train/recipe/tuning.ts";
import { withTuningFlags } from "./tuning_flags.ts";
import { applyConfig } from "./config.ts";
import { addBatchFlags, type BatchFlags, requireBatch } from "./batch_flags.ts";
import { withPrecisionFlag } from "./precision_flags.ts";
import { RECIPE_NAMES, recipeHelp, RECIPES } from "../train/recipe/recipes.ts";
import { applyRecipe } from "./apply_recipe.ts";
import { addReportFlag, type ReportFlags } from "./report_flags.ts";
import { type RanksFlags, withRanksFlags } from "./ranks_flags.ts";
import { addRunFlags, type RunFlags } from "./run_flags.ts";
import { BY_HEART } from "./overfit.ts";
import { readSizes } from "../train/recipe/stages.ts";
import { publishedTag, type WeightFlags, withWeightFlags } from "./weight_flags.ts";

/** What decides a run's numbers; saved with it. */
export interface Recipe
  extends
    RunRecipe,
    CommonFlags,
    DataFlags,
    WeightFlags,
    DistillFlags,
    RunFlags,
    RanksFlags,
    BatchFlags,
    Pick<LoadingFlags, "onBad"> {
  readonly sampler: Sampler;
}

/** All flags of `train`. */
export interface TrainFlags extends Recipe, LoadingFlags, ReportFlags {
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

/** What a command that takes the options of a run is called, and does. */
interface CommandName {
  readonly name: string;
  readonly description: string;
}

/** `train` itself. */
const TRAIN: CommandName = {
  name: "train",
  description:
    "Trains a classifier. Without --data or --labels it trains on a demo set that it makes itself: " +
    `${RECIPES.demo.options.model}, ${RECIPES.demo.options.size} pixels, ${RECIPES.demo.options.epochs} epochs.`,
};

/**
 * The command. Its defaults are those of a run that begins without any recipe: what a recipe sets is said to be
 * set by it.
 */
export function trainCommand({ name, description }: CommandName = TRAIN): Command {
  const command = newCommand(name, description);
  addAugmentOnFlag(addAugmentFlag(addSamplerFlag(addDataFlags(command, { validation: 0.2 }))))
    .option("--model <name>", modelNames.join(", "), oneOf(modelNames))
    .option("--size <pixels>", "side of the square the model sees (default: the model's)", whole(1))
    .option(
      "--resize <pixels>",
      "shorter side before the square is cut (default: as for the weights, 256 for size 224)",
      whole(1),
    );
  addBatchFlags(command)
    .option("--epochs <n>", "passes over the training images", whole(1))
    .option("--drop <share>", "dropout before the classifier", share)
    .option("--drop-path <share>", "stochastic depth", share)
    .option("--run <dir>", "the run folder (default: runs/<date>T<time>-<name>)")
    .option("--name <name>", "name of the default run folder (default: the model)")
    .option(
      "--resume <run>",
      "continue a run folder, or one of its checkpoints, where it was saved",
    )
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]))
    .option("--log-every <n>", "steps between two lines of progress", whole(1));
  const learning = withDistillFlags(withWeightFlags(addLoadingFlags(addReportFlag(command))));
  const tuned = withOptimizerFlags(withTuningFlags(withPrecisionFlag(learning)));
  addRunFlags(withRanksFlags(withLossFlags(withScheduleFlags(tuned))));
  for (const option of command.options) {
    const name = option.attributeName();
    const value = (DEFAULTS as unknown as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    option.default(value);
    command.setOptionValueWithSource(name, value, "default");
  }
  const byRecipe = new Set(RECIPE_NAMES.flatMap((name) => Object.keys(RECIPES[name].options)));
  for (const option of command.options) {
    if (byRecipe.has(option.attributeName()) && option.defaultValue !== undefined) {
      option.defaultValueDescription = "by --recipe";
    }
  }
  return command;
}

/** Options of which a file's are no longer meant where a flag is one of them. */
const ALTERNATIVES = [
  ["data", "labels", "images"],
  ["weights", "tag", "pretrained"],
  ["validation", "folds", "fold"],
  ["groupColumn", "groupPattern"],
  ["size", "sizes"],
];

/** Reads the flags of a new run. Throws UsageError for flags that contradict each other. */
export function readTrainFlags(
  args: readonly string[],
  command: Command = trainCommand(),
): { flags: AskedFlags } | { help: string } {
  const parsed = parseFlags<AskedFlags>(command, args);
  if ("help" in parsed) return { help: `${parsed.help}\n${recipeHelp()}` };
  const { resume, config, overfit } = parsed.flags;
  if (resume !== undefined) {
    const wrong = config !== undefined ? "config" : overfit !== undefined ? "overfit" : undefined;
    if (wrong === undefined) return parsed;
    throw new UsageError(
      `Cannot use --${wrong} with --resume: a run goes on with its own options, one of them was needed`,
    );
  }
  if (config !== undefined) applyConfig(command, config, ALTERNATIVES);
  applyRecipe(command);
  if (overfit !== undefined) {
    for (const [name, value] of Object.entries(BY_HEART)) {
      command.setOptionValueWithSource(name, value, "recipe");
    }
  }
  const flags = command.opts<{ -readonly [K in keyof AskedFlags]: AskedFlags[K] }>();
  if (flags.optimizer === "schedule-free" && !given(command, "schedule")) {
    flags.schedule = "constant";
  }
  const isGiven = (name: string) => given(command, name);
  requireDataAgreement(flags, isGiven);
  requireDistill(flags, isGiven);
  requireOptimizer(flags, isGiven);
  requireSchedule(flags, isGiven);
  requireLoss(flags, isGiven);
  requireBatch(flags);
  const pretrained = publishedTag(flags);
  if (pretrained !== undefined) flags.pretrained = pretrained;
  flags.sampler = samplerOf(flags);
  if (flags.sizes !== undefined) flags.size = lastSize(flags, given(command, "size"));
  requireTuning(flags);
  const [momentum, gamma] = [momentumOf(flags), gammaOf(flags)];
  if (momentum !== undefined) flags.momentum = momentum;
  if (gamma !== undefined) flags.gamma = gamma;
  return { flags };
}

/** The size at the end of a run whose images grow. Throws UsageError where `--size` says another. */
function lastSize({ sizes = "", size }: AskedFlags, isGiven: boolean): number {
  const last = readSizes(sizes).at(-1)!.size;
  if (!isGiven || size === last) return last;
  throw new UsageError(
    `Cannot use --size ${size} with --sizes ${sizes}, which ends at ${last}: one of them was needed`,
  );
}
