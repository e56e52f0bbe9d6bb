/** What decides the numbers of a run, whatever its images are, and the session it makes. Reads no flags. */

import type { Precision } from "../../engine/compile/program.ts";
import type { Step } from "../../data/pipeline.ts";
import { stepsPerEpoch } from "../fit.ts";
import type { ScoreName } from "../metrics/scores.ts";
import type { SessionOptions } from "../session_options.ts";
import type { Wire } from "../wire.ts";
import type { AugmentOn } from "./augment.ts";
import { type LossFlags, lossOptions } from "./loss.ts";
import { type OptimizerFlags, updateOptions } from "./optimizer.ts";
import type { ScheduleFlags } from "./schedule.ts";
import { type TuningFlags, tuningOptions } from "./tuning.ts";

/** Options of a run, named as the flags of `train`. */
export interface RunRecipe extends TuningFlags, OptimizerFlags, ScheduleFlags, LossFlags {
  /** A name of the registry. */
  readonly model: string;
  /** Side of the square the model sees, in pixels. */
  readonly size: number;
  /** Shorter side that an image is resized to before, in pixels. */
  readonly resize: number;
  /** Images in a batch. */
  readonly batch: number;
  /** Passes over the training images. */
  readonly epochs: number;
  /** What everything random follows from. */
  readonly seed: number;
  /** Dropout before the classifier. */
  readonly drop: number;
  /** Stochastic depth. */
  readonly dropPath: number;
  /** As what activations are kept; f32 where it is left out. */
  readonly precision?: Precision;
  /** As what gradients travel between ranks; f32 where it is left out. */
  readonly wire?: Wire;
  /** Steps that ranks take apart before they meet; they take each together where it is left out. */
  readonly syncEvery?: number;
  /** A preset, a file with a pipeline, or its steps. */
  readonly augment: string | readonly Step[];
  /** Where it is done as far as it can be. */
  readonly augmentOn: AugmentOn;
  /** Epochs without a better one after which a run stops; 0: never. */
  readonly patience: number;
  /** The score that says which epoch is better. */
  readonly monitor: ScoreName;
  /** How many of the best epochs' checkpoints are kept. */
  readonly keepBest: number;
  /** Sizes and the epochs of each: `128:4,224`. */
  readonly sizes?: string;
  /** The epoch after which to stop, for the run to be resumed later. */
  readonly until?: number;
  /** Steps between two readings of loss and accuracy. */
  readonly logEvery: number;
}

/** What a session needs to know. Throws UsageError when `--class-weights` has another count. */
export function sessionOptions(
  recipe: RunRecipe,
  counts: readonly number[],
): SessionOptions & Pick<RunRecipe, "model" | "size"> {
  const { model, size, batch, seed, accumulate, warmup } = recipe;
  const images = counts.reduce((sum, n) => sum + n, 0);
  return {
    model,
    classes: counts.length,
    size,
    batch,
    seed,
    ...lossOptions(recipe, counts),
    dropRate: recipe.drop,
    dropPathRate: recipe.dropPath,
    ...tuningOptions(recipe, recipe.lr),
    ...updateOptions(recipe, {
      warmupSteps: Math.round(warmup * stepsPerEpoch(images, batch, accumulate)),
    }),
    precision: recipe.precision ?? "f32",
    train: true,
  };
}
