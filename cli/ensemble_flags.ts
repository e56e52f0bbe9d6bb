/** The flags that say which checkpoints answer, what they are shown and how their answers are averaged. */

import { InvalidArgumentError } from "flags";
import { type Files, join } from "../data/files.ts";
import type { Pipeline } from "../data/pipeline.ts";
import { modelNames } from "../models/mod.ts";
import { type Checkpoint, CheckpointError } from "../train/checkpoint.ts";
import { type Average, AVERAGES } from "../train/predict.ts";
import { passesOf, PLAIN, type View, VIEW_FORMS, type ViewForm, viewsOf } from "../train/views.ts";
import {
  type AugmentOn,
  openPipeline,
  PRESET_NAMES,
  trainedPipeline,
} from "../train/recipe/augment.ts";
import { addAugmentOnFlag } from "./augment_flags.ts";
import { UsageError } from "./errors.ts";
import { type Command, nearest, oneOf, requireFlags, whole } from "./flags.ts";
import { type PrecisionFlag, withPrecisionFlag } from "./precision_flags.ts";
import { openCheckpoint } from "../train/run/sessions.ts";

/** Which checkpoints answer, and how. */
export interface EnsembleFlags extends PrecisionFlag {
  readonly checkpoint?: readonly string[];
  readonly average: Average;
  readonly tta?: ViewForm | number;
  readonly ttaAugment?: string;
  readonly augmentOn: AugmentOn;
  readonly model?: string;
  readonly batch?: number;
  readonly power?: "high" | "low";
}

/** Gives a command the flags of {@linkcode EnsembleFlags} and checkpoints as arguments. */
export function addEnsembleFlags(command: Command): Command {
  command
    .argument("[checkpoints...]", "the same as --checkpoint")
    .option(
      "--checkpoint <file>",
      "best.safetensors or last.safetensors of a run, or the run's folder for its best; more than " +
        "once for several, whose answers are averaged",
      (path: string, before: readonly string[] = []) => [...before, path],
    )
    .option(
      "--average <what>",
      "what of several checkpoints is averaged: probabilities, logits or ranks among the images",
      oneOf(AVERAGES),
      "probabilities",
    )
    .option(
      "--tta <form>",
      `mean over several views of each image: ${VIEW_FORMS.join(", ")}, ` +
        "or the number of augmented passes (default: one view, without)",
      ttaForm,
    )
    .option(
      "--tta-augment <name>",
      `what is done in so many passes: ${PRESET_NAMES.join(", ")}, or a JSON file ` +
        "(default: as in training)",
    )
    .option("--model <name>", "refuse a checkpoint of another model", oneOf(modelNames))
    .option("--batch <n>", "images at a time (default: as in training)", whole(1))
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
  return withPrecisionFlag(addAugmentOnFlag(command), "as in training");
}

/** Reads the value of `--tta`. */
function ttaForm(text: string): ViewForm | number {
  const form = VIEW_FORMS.find((name) => name === text);
  if (form) return form;
  if (/^\d+$/.test(text)) return whole(1)(text);
  const near = nearest(text, VIEW_FORMS);
  throw new InvalidArgumentError(
    (near === undefined ? "" : `Did you mean ${near}? `) +
      `One of ${VIEW_FORMS.join(", ")}, or a number of passes, was needed.`,
  );
}

/** Throws UsageError where a command names no checkpoint. */
export function requireCheckpoint(command: Command, { checkpoint = [] }: EnsembleFlags): void {
  const [first] = [...checkpoint, ...command.args];
  requireFlags({ checkpoint: first }, { checkpoint: "a checkpoint file" });
}

/** What a checkpoint is shown. */
interface Show {
  readonly views: readonly View[];
  /** What is done in augmented passes, of which the device does its part. */
  readonly augment?: Pipeline;
}

/** A checkpoint and the file it is from. */
export interface NamedCheckpoint {
  readonly path: string;
  readonly checkpoint: Checkpoint;
}

/** One of them and what it is shown. */
export interface Member extends NamedCheckpoint, Show {}

/**
 * The checkpoints that a command names, once `requireCheckpoint` found one. Throws CheckpointError for one that
 * cannot be read, is of another model than `--model`, or of other classes than the first; UsageError where
 * `--tta-augment` has no passes to augment.
 */
export async function openMembers(
  files: Files,
  command: Command,
  flags: EnsembleFlags,
): Promise<[Member, ...Member[]]> {
  const members: Member[] = [];
  for (const name of [...flags.checkpoint ?? [], ...command.args]) {
    const path = await checkpointPath(files, name);
    const checkpoint = await openCheckpoint(files, path, flags.model);
    members.push({ path, checkpoint, ...await showOf(files, flags, checkpoint) });
  }
  const [first, ...others] = members as [Member, ...Member[]];
  const { classes } = first.checkpoint;
  for (const { path, checkpoint } of others) {
    if (checkpoint.classes.join("\0") === classes.join("\0")) continue;
    throw new CheckpointError(
      `Cannot use the checkpoint "${path}" with "${first.path}": its classes are ` +
        `${checkpoint.classes.join(", ")}, ${classes.join(", ")} in this order were needed`,
    );
  }
  return [first, ...others];
}

async function showOf(
  files: Files,
  { tta, ttaAugment }: EnsembleFlags,
  checkpoint: Checkpoint,
): Promise<Show> {
  const { classes, configuration } = checkpoint;
  const run = { ...sizesOf(checkpoint), classes };
  if (typeof tta !== "number") {
    if (ttaAugment === undefined) return { views: tta ? viewsOf(tta, run) : PLAIN };
    throw new UsageError(
      "Cannot use --tta-augment alone: --tta with a number of passes was needed",
    );
  }
  const augment = ttaAugment === undefined
    ? trainedPipeline(configuration, run)
    : await openPipeline(files, { flag: "tta-augment", value: ttaAugment }, run);
  return { views: passesOf(tta, augment), augment };
}

/** How the images of a checkpoint's model are cut. */
export function sizesOf({ size, resize, preprocessing: { interpolation } }: Checkpoint) {
  return { size, resize, interpolation };
}

/** The file that is meant: that itself, or the best checkpoint of a run's folder. */
export async function checkpointPath(files: Files, name: string): Promise<string> {
  return await files.kind(name) === "directory" ? join(name, "best.safetensors") : name;
}
