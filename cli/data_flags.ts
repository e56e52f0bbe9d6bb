/** The flags that say which images are meant and how they are divided; the same for every command. */

import { type Sampler, SAMPLERS } from "../data/sampler.ts";
import type { DatasetOptions, Place } from "../data/sources.ts";
import { UsageError } from "./errors.ts";
import { type Command, describedBy, oneOf, share, whole } from "./flags.ts";

/** Where labelled images are and how they are divided. */
export interface DataFlags {
  /** Each a path, or a path and a weight: `DIR:0.5`. A run saved by an earlier version has one text. */
  readonly data?: string | readonly string[];
  readonly labels?: string;
  readonly images?: string;
  readonly nameColumn?: string;
  readonly labelColumn?: string;
  readonly groupColumn?: string;
  readonly groupPattern?: string;
  readonly weightColumn?: string;
  readonly validation?: number;
  readonly folds?: number;
  readonly fold?: number;
}

/** Flags that name places, which may have moved since a run began. */
export const PLACE_FLAGS = ["data", "labels", "images"] as const;

/** Gives a command the flags of {@linkcode DataFlags}. */
export function addDataFlags(command: Command, { validation }: { validation?: number }): Command {
  return command
    .option(
      "--data <path>",
      "a folder, .zip or .tar: FFDI layout (phase1/trainset, …), a folder per class, or WebDataset " +
        "shards; more than once for several, PATH:0.5 to draw one half as often",
      describedBy<readonly string[]>(
        { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
        (path, before = []) => [...before, path],
      ),
    )
    .option("--labels <csv>", "label file: image name, class; needs --images")
    .option("--images <path>", "the folder, .zip or .tar that --labels names images in")
    .option("--name-column <name>", "the label file's column of image names (default: img_name, …)")
    .option("--label-column <name>", "its column of classes (default: target, …)")
    .option("--group-column <name>", "its column of what must not be divided: a person, a video")
    .option(
      "--group-pattern <regex>",
      "the same from image names: the first (capture) or the match",
    )
    .option("--weight-column <name>", "its column of weights, for --sampler weighted")
    .option(
      "--validation <share>",
      "share to validate on where the data has no split",
      share,
      validation,
    )
    .option("--folds <k>", "divide into k folds instead, one of which validates", whole(2))
    .option("--fold <i>", "the fold that validates, from 0 (default: 0)", whole(0));
}

/** The places that `--data` names. Throws UsageError for a weight that is none. */
export function placesOf(data: string | readonly string[] | undefined): readonly Place[] {
  return (typeof data === "string" ? [data] : data ?? []).map((text) => {
    const [, path = text, weight] = /^(.+):([\d.]+)$/.exec(text) ?? [];
    if (weight === undefined) return { path };
    if (!(Number(weight) > 0)) {
      throw new UsageError(
        `Cannot use --data ${text}: its weight is ${weight}, a number above 0 was needed`,
      );
    }
    return { path, weight: Number(weight) };
  });
}

/** A place as `--data` takes it. */
export function placeText({ path, weight }: Place): string {
  return weight === undefined ? path : `${path}:${weight}`;
}

/** Gives a command the flag of the sampler. */
export function addSamplerFlag(command: Command): Command {
  return command.option(
    "--sampler <name>",
    "shuffle, or draw with replacement: balanced (each class as often) or weighted " +
      "(default: weighted where weights are given, else shuffle)",
    oneOf(SAMPLERS),
  );
}

/** The sampler asked for, or the one that weights need. Throws UsageError for one that does not go with them. */
export function samplerOf(
  { sampler, data, weightColumn }: DataFlags & { readonly sampler?: Sampler },
): Sampler {
  const weights = weightColumn !== undefined ||
    placesOf(data).some(({ weight }) => weight !== undefined);
  const wrong = sampler === "shuffle" && weights
    ? "Cannot use --sampler shuffle with weights: balanced or weighted was needed"
    : sampler === "weighted" && !weights
    ? "Cannot use --sampler weighted: --weight-column, or --data PATH:WEIGHT, was needed"
    : undefined;
  if (wrong !== undefined) throw new UsageError(wrong);
  return sampler ?? (weights ? "weighted" : "shuffle");
}

/** Throws UsageError for flags that contradict each other. */
export function requireDataAgreement(flags: DataFlags, isGiven: (name: string) => boolean): void {
  const { data, labels, images, folds, fold, groupColumn, groupPattern } = flags;
  const wrong = data !== undefined && labels !== undefined
    ? "Cannot use --data and --labels together: one of them was needed"
    : labels !== undefined && images === undefined
    ? "Cannot use --labels alone: --images with the folder of its images was needed"
    : labels === undefined && images !== undefined
    ? "Cannot use --images alone: --labels with a label file was needed"
    : fold !== undefined && folds === undefined
    ? "Cannot use --fold alone: --folds with the number of folds was needed"
    : folds !== undefined && isGiven("validation")
    ? "Cannot use --folds with --validation: one of them was needed"
    : folds !== undefined && fold !== undefined && fold >= folds
    ? `Cannot use --fold ${fold} of ${folds}: 0 to ${folds - 1} was needed`
    : groupColumn !== undefined && groupPattern !== undefined
    ? "Cannot use --group-column with --group-pattern: one of them was needed"
    : undefined;
  if (wrong !== undefined) throw new UsageError(wrong);
}

/** What the flags ask of `openDataset()`. Throws UsageError for a pattern that is none. */
export function datasetOptions(flags: DataFlags & { readonly seed?: number }): DatasetOptions {
  const { data, groupPattern, labels, images, nameColumn, labelColumn } = flags;
  const { groupColumn, weightColumn, validation, folds, fold, seed } = flags;
  const plain = {
    ...{ labels, images, nameColumn, labelColumn, groupColumn, weightColumn },
    ...{ validation, folds, fold, seed },
  };
  return {
    ...Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)),
    ...(data !== undefined && { data: placesOf(data) }),
    ...(groupPattern !== undefined && { groupPattern: patternOf(groupPattern) }),
  };
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch {
    throw new UsageError(
      `Cannot use --group-pattern ${text}: it is no regular expression, one such as ` +
        '"^(.+)_[0-9]+" was needed',
    );
  }
}
