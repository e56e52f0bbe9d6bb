/** What of a run's flags is saved with it, and how a saved run turns back into them. */

import type { Checkpoint } from "../train/checkpoint.ts";
import { requireModel } from "../train/restore.ts";
import { AUTO_BATCH } from "./batch_flags.ts";
import { readOption } from "./config.ts";
import { PLACE_FLAGS } from "./data_flags.ts";
import { UsageError } from "./errors.ts";
import { type Command, given, parseFlags } from "./flags.ts";
import { LOADING_FLAGS } from "./loading_flags.ts";
import { ONCE } from "./run_flags.ts";
import { REPORT_FLAGS } from "./report_flags.ts";
import { dependsOnEpochs } from "../train/recipe/schedule.ts";
import { trainCommand, type TrainFlags } from "./train_flags.ts";

/** Flags that say how and where a run is done and change none of its numbers: they are not saved. */
const PRACTICAL = [
  ...ONCE,
  "run",
  "name",
  "power",
  "memory",
  "saveEvery",
  "json",
  ...LOADING_FLAGS,
  ...REPORT_FLAGS,
];

/** Flags that may differ from the saved ones on resuming: the data may have moved. */
const MOVABLE = [...PRACTICAL, "logEvery", ...PLACE_FLAGS];

/**
 * Reads the flags of a run that goes on: the saved recipe, with what this command line may change.
 * Throws UsageError for a flag that would make it another run, CheckpointError for another model.
 */
export function resumeFlags(
  checkpoint: Checkpoint,
  { path, args }: { readonly path: string; readonly args: readonly string[] },
): TrainFlags {
  // Runs from before the device could augment go on as they began.
  const before = savedCommand({ augmentOn: "workers", ...checkpoint.configuration });
  const command = trainCommand();
  const now = parseFlags<TrainFlags>(command, args);
  if ("help" in now) throw new UsageError("Cannot resume: --help was given");
  const recipe = before.opts<TrainFlags>();
  const changed: Record<string, unknown> = {};
  for (const option of command.options) {
    const name = option.attributeName();
    if (!given(command, name)) continue;
    const [was, is] = [recipe, now.flags].map((flags) =>
      (flags as unknown as typeof changed)[name]
    );
    // Settled when the run began.
    if (name === "augmentOn" && is === "auto") continue;
    if (name === "batch" && is === AUTO_BATCH) continue;
    // A run keeps the steps that its file held when it began.
    if (name === "augment" && typeof was !== "string") continue;
    if (name === "model") requireModel(checkpoint, String(is), path);
    const longer = name === "epochs" && !dependsOnEpochs(recipe);
    if (is !== was && !longer && !MOVABLE.includes(name)) {
      throw new UsageError(
        `Cannot change ${option.long} of a run to ${is}: it began with ${was ?? "none"}, ` +
          "the same or no such flag was needed",
      );
    }
    changed[name] = is;
  }
  const { data, labels, images, ...rest } = recipe;
  const moved = PLACE_FLAGS.some((name) => name in changed);
  const source = moved ? {} : withoutUndefined({ data, labels, images });
  return { ...rest, ...source, ...changed };
}

/** The part of the flags that is saved with a run. */
export function recipeOf(flags: TrainFlags): Record<string, unknown> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => !PRACTICAL.includes(name)));
}

function withoutUndefined<T>(values: Record<string, T | undefined>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined),
  );
}

/** The command as a saved recipe leaves it; what stands in it beside options is left out. */
function savedCommand(saved: Readonly<Record<string, unknown>>): Command {
  const command = trainCommand();
  command.parse([], { from: "user" });
  for (const option of command.options) {
    const value = saved[option.attributeName()];
    if (value === undefined || value === null || option.negate) continue;
    const read = readOption(option, value);
    command.setOptionValueWithSource(option.attributeName(), read, "config");
  }
  return command;
}
