/** The flags that say which checkpoints answer, what they are shown and how their answers are averaged. */

import { InvalidArgumentError } from "flags";
import { join } from "../data/files.ts";
import type { Files } from "../data/files.ts";
import { modelNames } from "../models/mod.ts";
import { type Checkpoint, CheckpointError } from "../train/checkpoint.ts";
import { type Average, AVERAGES } from "../train/predict.ts";
import { VIEW_FORMS, type ViewForm } from "../train/views.ts";
import { addAugmentOnFlag, PRESET_NAMES } from "./augment_flags.ts";
import { UsageError } from "./errors.ts";
import { type Command, nearest, oneOf, whole } from "./flags.ts";
import { type PrecisionFlag, withPrecisionFlag } from "./precision_flags.ts";
import { openCheckpoint } from "./sessions.ts";

/** Which checkpoints answer, and how. */
export interface EnsembleFlags extends PrecisionFlag {
  readonly checkpoint?: readonly string[];
  readonly average: Average;
  readonly tta?: ViewForm | number;
  readonly ttaAugment?: string;
  readonly augmentOn: "device" | "workers";
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

/** A checkpoint and the file it is from. */
export interface Member {
  readonly path: string;
  readonly checkpoint: Checkpoint;
}

/**
 * The checkpoints that a command names. Throws UsageError where it names none, CheckpointError for one that
 * cannot be read, is of another model than `--model`, or of other classes than the first.
 */
export async function openMembers(
  files: Files,
  command: Command,
  { checkpoint: named = [], model }: EnsembleFlags,
): Promise<[Member, ...Member[]]> {
  const members: Member[] = [];
  for (const name of [...named, ...command.args]) {
    const path = await checkpointPath(files, name);
    members.push({ path, checkpoint: await openCheckpoint(files, path, model) });
  }
  const [first, ...others] = members;
  if (!first) {
    throw new UsageError("Cannot start without --checkpoint: a checkpoint file was needed");
  }
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

/** The file that is meant: that itself, or the best checkpoint of a run's folder. */
export async function checkpointPath(files: Files, name: string): Promise<string> {
  return await files.kind(name) === "directory" ? join(name, "best.safetensors") : name;
}
