/** One part of a prediction in the folder of all: what it is of, whether it is there, how it is written. */

import { DataError } from "../data/errors.ts";
import { type Files, join } from "../data/files.ts";
import type { SampleFile } from "../data/labels.ts";
import type { Sample } from "../data/sample.ts";
import { differenceOf } from "../train/merge.ts";
import {
  formatPart,
  idsOf,
  isPartName,
  parsePart,
  type Part,
  partName,
  type PartPlan,
  type Shard,
  stretchOf,
} from "../train/part.ts";
import { trainedBatch, trainedPrecision } from "../train/run/sessions.ts";
import type { EnsembleFlags, Member } from "./ensemble_flags.ts";
import { UsageError } from "./errors.ts";

/** What parts must have in common to be of one prediction: all that changes a number of it. */
export async function planOf(
  files: Files,
  { samples, members, flags, sample }: {
    /** All of them. */
    readonly samples: readonly Sample[];
    readonly members: readonly Member[];
    readonly flags: EnsembleFlags & { readonly seed: number };
    readonly sample: SampleFile | undefined;
  },
): Promise<PartPlan> {
  const checkpoints: string[] = [];
  for (const { path } of members) {
    const digest = await crypto.subtle.digest("SHA-256", await files.read(path));
    checkpoints.push(new Uint8Array(digest).toHex());
  }
  const random = typeof flags.tta === "number";
  return {
    images: samples.length,
    ids: await idsOf(samples.map(({ name }) => name)),
    checkpoints,
    classes: members[0]!.checkpoint.classes,
    average: flags.average,
    options: {
      batch: members.map(({ checkpoint }) => flags.batch ?? trainedBatch(checkpoint)),
      precision: members.map(({ checkpoint }) => flags.precision ?? trainedPrecision(checkpoint)),
      tta: flags.tta ?? "none",
      ...(random && {
        seed: flags.seed,
        "augment-on": flags.augmentOn,
        "tta-augment": members.map(({ augment }) => augment),
      }),
    },
    ...(sample && { sample: { columns: sample.columns, nameAt: sample.nameAt } }),
  };
}

/**
 * Makes the folder of parts and looks for this one, which is there already where it is whole and of the same plan.
 * Throws UsageError where the folder holds parts of another prediction.
 */
export async function findPart(
  files: Files,
  dir: string,
  { shard, plan, again }: {
    readonly shard: Shard;
    readonly plan: PartPlan;
    readonly again: boolean;
  },
): Promise<{ readonly path: string; readonly finished?: Part }> {
  if (await files.kind(dir) === "file") {
    throw new UsageError(
      `Cannot write --out "${dir}": it is a file, a folder for the parts was needed`,
    );
  }
  await files.makeDirectory(dir);
  const name = partName(shard);
  const path = join(dir, name);
  const entries = await files.list(dir);
  const ending = name.slice(name.indexOf("-of-"));
  const other = entries.find((entry) => isPartName(entry.name) && !entry.name.endsWith(ending));
  if (other) {
    throw new UsageError(
      `Cannot write to --out "${dir}": it has ${other.name}, of a division into another number of ` +
        `parts than ${shard.count}, a folder for these was needed`,
    );
  }
  if (again || !entries.some((entry) => entry.name === name)) return { path };
  let finished: Part;
  try {
    finished = await parsePart(await files.read(path), path);
  } catch (error) {
    // A part that is damaged is computed again.
    if (error instanceof DataError) return { path };
    throw error;
  }
  const apart = differenceOf(plan, finished.plan);
  if (apart === undefined) return { path, finished };
  throw new UsageError(
    `Cannot write ${path}: it is there already and of ${apart}, another folder or --again was needed`,
  );
}

/** The samples of a part and the position of the first of them. */
export function samplesOf(samples: readonly Sample[], shard: Shard) {
  const { first, end } = stretchOf(shard, samples.length);
  return { first, samples: samples.slice(first, end) };
}

/** Writes a part, which appears whole or not at all. */
export async function writePart(files: Files, path: string, part: Part): Promise<void> {
  await files.writeAtomic(path, await formatPart(part));
}
