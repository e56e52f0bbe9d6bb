/** The labelled images that checkpoints are measured on, divided as in their training. Measures none. */

import type { Files } from "../data/files.ts";
import type { LoaderSettings } from "../data/loader.ts";
import { isAddress } from "../data/remote/shard_list.ts";
import type { Sample } from "../data/sample.ts";
import { type Checkpoint, CheckpointError } from "../train/checkpoint.ts";
import type { Reporter } from "../train/events.ts";
import { startDecoder } from "./decoder.ts";
import { addDataFlags, type DataFlags, PLACE_FLAGS, requireDataAgreement } from "./data_flags.ts";
import { type NamedCheckpoint, sizesOf } from "./ensemble_flags.ts";
import { UsageError } from "./errors.ts";
import { type Command, type CommonFlags, given, oneOf } from "./flags.ts";
import { addLoadingFlags, findBad, type LoadingFlags, openCache } from "./loading_flags.ts";
import { openData } from "./train_data.ts";

/** Which images, and how they are read. */
export interface MeasuredFlags extends CommonFlags, DataFlags, LoadingFlags {
  readonly part: "validation" | "train" | "all";
}

/** Gives a command the flags of {@linkcode MeasuredFlags}. */
export function addMeasuredFlags(command: Command): Command {
  addDataFlags(command, {}).option(
    "--part <part>",
    "validation, train or all",
    oneOf(["validation", "train", "all"]),
    "validation",
  );
  return addLoadingFlags(command);
}

/** Images to measure on. */
export interface MeasuredImages {
  readonly samples: readonly Sample[];
  readonly files: Files;
  readonly settings: LoaderSettings;
  /** Of the division, unless the flags have another. */
  readonly seed: number;
  /** Where they come from, for people. */
  readonly source: string;
}

/**
 * Opens the images that the flags name, else those of the first checkpoint's run, divided as in its training
 * unless a flag says otherwise. Throws UsageError where neither says which, CheckpointError where their classes
 * are others, DataError where they cannot be used.
 */
export async function openMeasured(
  command: Command,
  flags: MeasuredFlags,
  { members, report }: {
    readonly members: readonly NamedCheckpoint[];
    readonly report: Reporter;
  },
): Promise<MeasuredImages> {
  requireDataAgreement(flags, (name) => given(command, name));
  const { checkpoint, path } = members[0]!;
  const seed = given(command, "seed") ? flags.seed : checkpoint.seed;
  const named = flags.data !== undefined || flags.labels !== undefined;
  const all = { ...(named ? {} : placesOfRun(checkpoint)), ...flags };
  if (all.data === undefined && all.labels === undefined) {
    throw new UsageError("Cannot evaluate: either --data, or --labels with --images, was needed");
  }
  const asked = [...[all.data].flat(), all.labels, all.images];
  const address = named ? undefined : asked.find((place) => place && isAddress(place));
  if (address !== undefined) {
    // A checkpoint may come from anyone.
    throw new UsageError(
      `Cannot evaluate: ${path} says that its images are at ${address}, which is asked only where ` +
        "the command names it: --data was needed",
    );
  }
  const { dataset, source, files } = await openData({ ...splitOf(checkpoint, all), ...all, seed });
  requireClasses(checkpoint, dataset.classes, path);
  const part = flags.part === "all"
    ? [...dataset.train, ...dataset.validation]
    : dataset[flags.part];
  const cache = openCache(flags, { files, report });
  const { workers, decodeTimeout } = flags;
  const settings = { cache, workers, decodeTimeout, startWorker: startDecoder };
  const bad = await findBad(part, flags, { files, settings, report, ...sizesOf(checkpoint) });
  const leftOut = new Set(bad.map(({ sample }) => sample));
  for (const { reason: text } of bad) report({ event: "warning", text });
  if (flags.part !== "all" && dividedApart(members)) {
    report({
      event: "warning",
      text:
        "the runs of these checkpoints had other images or divided them in another way: some may " +
        "have learned from images that are measured here",
    });
  }
  const samples = part.filter((sample) => !leftOut.has(sample));
  return { samples, files, settings, seed, source };
}

/** Whether runs, as far as that is known, had different images to learn from. */
export function dividedApart(members: readonly NamedCheckpoint[]): boolean {
  const known = members.map(({ checkpoint: { configuration } }) => configuration.fingerprint)
    .filter((fingerprint) => fingerprint !== undefined);
  return new Set(known).size > 1;
}

/** Where the images of a run were when it began. */
function placesOfRun({ configuration }: Checkpoint): DataFlags {
  const names = [...PLACE_FLAGS, "nameColumn", "labelColumn"] as const;
  return Object.fromEntries(
    names.flatMap((name) => configuration[name] === undefined ? [] : [[name, configuration[name]]]),
  );
}

/** How the checkpoint's run divided its images, so that validation images are the ones it did not learn. */
function splitOf({ configuration }: Checkpoint, flags: MeasuredFlags): DataFlags {
  // All images are the same however they are divided.
  if (flags.part === "all") return {};
  const names = [
    "validation",
    "groupPattern",
    ...(flags.validation === undefined ? ["folds", "fold"] as const : []),
    // A column is there in label files alone.
    ...(flags.labels === undefined ? [] : ["groupColumn"] as const),
  ];
  return Object.fromEntries(
    names.flatMap((name) => configuration[name] === undefined ? [] : [[name, configuration[name]]]),
  );
}

function requireClasses(checkpoint: Checkpoint, classes: readonly string[], path: string): void {
  if (checkpoint.classes.join("\0") === classes.join("\0")) return;
  throw new CheckpointError(
    `Cannot evaluate the checkpoint "${path}" on the classes ${classes.join(", ")}: ` +
      `its classes are ${checkpoint.classes.join(", ")}, the same were needed`,
  );
}
