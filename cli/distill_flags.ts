/** The flags of distillation: from which checkpoint a model learns beside its labels. Trains nothing. */

import type { Files } from "../data/files.ts";
import { type Checkpoint, CheckpointError } from "../train/checkpoint.ts";
import type { DistillOptions } from "../train/teacher.ts";
import { checkpointPath, type NamedCheckpoint } from "./ensemble_flags.ts";
import { UsageError } from "./errors.ts";
import { type Command, factor, positive } from "./flags.ts";
import { openCheckpoint } from "../train/run/sessions.ts";

/** What they are when read. */
export interface DistillFlags {
  readonly distill?: string;
  readonly distillWeight: number;
  readonly distillTemperature: number;
}

/** `command` with the flags of distillation, under a heading of their own. */
export function withDistillFlags(command: Command): Command {
  return command
    .optionsGroup("Distillation:")
    .option(
      "--distill <checkpoint>",
      "learn what this checkpoint, or the best one of this run folder, says of the same views; its model " +
        "may be another, its classes are those of the data",
    )
    .option("--distill-weight <share>", "its share of the loss; labels have the rest", factor, 0.5)
    .option("--distill-temperature <x>", "what logits of both are divided by", positive, 2);
}

/** Throws UsageError for flags that say how without whom. */
export function requireDistill(
  { distill }: DistillFlags,
  isGiven: (name: string) => boolean,
): void {
  const how = [["distillWeight", "weight"], ["distillTemperature", "temperature"]] as const;
  const alone = how.find(([name]) => distill === undefined && isGiven(name));
  if (!alone) return;
  throw new UsageError(
    `Cannot use --distill-${alone[1]} alone: --distill with a checkpoint was needed`,
  );
}

/** Whom a run learns from. */
export interface Teacher extends NamedCheckpoint {
  /** SHA-256 of its file, in hexadecimal. */
  readonly sha256: string;
}

/**
 * The checkpoint that the flags name. Throws CheckpointError where it cannot be read, is of other classes than
 * `classes`, or is another than the one a run began with.
 */
export async function openTeacher(
  files: Files,
  { distill }: DistillFlags,
  { classes, resumed }: {
    readonly classes: readonly string[];
    readonly resumed?: { readonly checkpoint: Checkpoint } | undefined;
  },
): Promise<Teacher | undefined> {
  if (distill === undefined) return undefined;
  const path = await checkpointPath(files, distill);
  const checkpoint = await openCheckpoint(files, path);
  if (checkpoint.classes.join("\0") !== classes.join("\0")) {
    throw new CheckpointError(
      `Cannot learn ${classes.join(", ")} from the checkpoint "${path}": its classes are ` +
        `${checkpoint.classes.join(", ")}, the same were needed`,
    );
  }
  const digest = await crypto.subtle.digest("SHA-256", await files.read(path));
  const sha256 = new Uint8Array(digest).toHex();
  const before = resumed?.checkpoint.configuration.teacher;
  if (before !== undefined && before !== sha256) {
    throw new CheckpointError(
      `Cannot go on learning from the checkpoint "${path}": it has changed since the run began, ` +
        "the same file was needed",
    );
  }
  return { path, checkpoint, sha256 };
}

/** What a session needs to know of it. */
export function distillOptions(
  teacher: Teacher | undefined,
  { distillWeight: share, distillTemperature: temperature }: DistillFlags,
): { readonly distill?: DistillOptions } {
  if (!teacher) return {};
  const { model, weights, preprocessing } = teacher.checkpoint;
  return { distill: { model, weights, preprocessing, share, temperature } };
}

/** In words, whom a run learns from and how. */
export function describeTeacher(
  { path, checkpoint: { model, size, resize } }: Teacher,
  flags: DistillFlags & { readonly size: number; readonly resize: number },
): string {
  const same = size === flags.size && resize === flags.resize;
  return `Learns from ${path} (${model}): ${flags.distillWeight} of the loss, temperature ` +
    `${flags.distillTemperature}, the same views` +
    (same ? "" : `; they are made for ${flags.size} pixels, it was trained at ${size}`);
}
