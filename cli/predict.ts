/** `predict`: from a checkpoint and a folder of images to a submission. */

import { withArchives } from "../data/archives/mount.ts";
import { divide } from "../data/divide.ts";
import { readNames } from "../data/labels.ts";
import { Loader } from "../data/loader.ts";
import type { Pipeline } from "../data/pipeline.ts";
import { openImages } from "../data/sources.ts";
import { modelNames } from "../models/mod.ts";
import { deviceAugmentation } from "../train/augmentation.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import { formatSubmission, predict } from "../train/predict.ts";
import {
  addAugmentOnFlag,
  describeDivision,
  kernelsOf,
  openPipeline,
  PRESET_NAMES,
  trainedPipeline,
} from "./augment_flags.ts";
import { UsageError } from "./errors.ts";
import { denoFiles } from "./files.ts";
import {
  type Command,
  type CommonFlags,
  newCommand,
  oneOf,
  parseFlags,
  requireFlags,
  whole,
} from "./flags.ts";
import { addLoadingFlags, findBad, type LoadingFlags, openCache } from "./loading_flags.ts";
import { imageProgress, openReportedDevice, terminalReporter } from "./machine.ts";
import { requireWritable } from "./output.ts";
import { type PrecisionFlag, withPrecisionFlag } from "./precision_flags.ts";
import { evaluationSession, openCheckpoint, trainedBatch } from "./sessions.ts";

const files = withArchives(denoFiles);

interface PredictFlags extends CommonFlags, LoadingFlags, PrecisionFlag {
  readonly checkpoint: string;
  readonly images: string;
  readonly out: string;
  readonly tta?: number;
  readonly ttaAugment?: string;
  readonly augmentOn: "device" | "workers";
  readonly sample?: string;
  readonly model?: string;
  readonly batch?: number;
  readonly power?: "high" | "low";
  readonly nameColumn?: string;
}

function command(): Command {
  const command = newCommand(
    "predict",
    "Writes img_name,y_pred: the probability of class 1 for every image of a folder.",
  )
    .option("--checkpoint <file>", "best.safetensors or last.safetensors of a run")
    .option("--images <path>", "the images: a folder, .zip or .tar")
    .option("--out <csv>", "the submission to write")
    .option("--tta <n>", "mean over n augmented passes (default: one pass without)", whole(1))
    .option(
      "--tta-augment <name>",
      `what is done in those passes: ${
        PRESET_NAMES.join(", ")
      }, or a JSON file (default: as in training)`,
    )
    .option(
      "--sample <csv>",
      "a file with img_name: which images, in which order (default: by name)",
    )
    .option("--model <name>", "refuse a checkpoint of another model", oneOf(modelNames))
    .option("--batch <n>", "images at a time (default: as in training)", whole(1))
    .option("--name-column <name>", "its column of image names (default: img_name, …)")
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
  const more = withPrecisionFlag(addAugmentOnFlag(command), "as in training");
  return addLoadingFlags(more, ["error", "list"]);
}

/** Predicts as the flags say and returns the exit code. The submission appears whole or not at all. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags<PredictFlags>(command(), args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  requireFlags(flags, {
    checkpoint: "a checkpoint file",
    images: "a folder of images",
    out: "the name of the file to write",
  });
  const report = terminalReporter(flags.json === true);
  await requireWritable(files, flags.out);
  const checkpoint = await openCheckpoint(files, flags.checkpoint, flags.model);
  const { sample, nameColumn, workers } = flags;
  const names = sample === undefined
    ? undefined
    : await readNames(files, sample, nameColumn === undefined ? {} : { nameColumn });
  const samples = await openImages(files, flags.images, names);
  const settings = { cache: openCache(flags, { files, report }), ...(workers && { workers }) };
  const { size, resize, preprocessing: { interpolation } } = checkpoint;
  const sizes = { size, resize, interpolation };
  await findBad(samples, flags, { files, settings, report, ...sizes });
  const batch = flags.batch ?? trainedBatch(checkpoint);
  const augment = await passPipeline(flags, checkpoint);
  const hasKernel = kernelsOf(flags.augmentOn);
  // Images of a prediction are not mixed with each other.
  const passed = augment && { ...divide(augment, hasKernel), batch: [], mixed: "loader" as const };

  const device = await openReportedDevice(flags.power, report);
  const session = await evaluationSession(device, checkpoint, {
    ...{ path: flags.checkpoint, batch, precision: flags.precision },
    augment: passed && deviceAugmentation(passed),
  });
  const loader = await Loader.open(samples, files, settings);
  try {
    const { model, classes } = checkpoint;
    const passes = flags.tta;
    report({
      event: "note",
      text: `${samples.length} images of ${flags.images}; ${model} at ${size} pixels, ` +
        `classes ${classes.join(", ")}, on ${device.name}`,
    });
    if (passed) report({ event: "note", text: `each pass: ${describeDivision(passed)}` });
    const progress = imageProgress(samples.length * (passes ?? 1), report);
    const prediction = await predict(session, { loader, count: samples.length }, {
      batch,
      ...sizes,
      seed: flags.seed,
      passes,
      augment,
      hasKernel,
      measured: progress.measured,
    });
    const text = formatSubmission(samples.map(({ name }) => name), prediction, classes);
    await files.writeAtomic(flags.out, new TextEncoder().encode(text));
    report({
      event: "predict",
      out: flags.out,
      n: samples.length,
      passes: passes ?? 0,
      "img_per_s": progress.imagesPerSecond(),
    });
  } finally {
    loader.close();
    session.destroy();
  }
  return 0;
}

/** What is done to images in augmented passes; undefined without such passes. */
async function passPipeline(
  { tta, ttaAugment }: PredictFlags,
  { size, resize, classes, configuration, preprocessing: { interpolation } }: Checkpoint,
): Promise<Pipeline | undefined> {
  if (tta === undefined) {
    if (ttaAugment === undefined) return undefined;
    throw new UsageError(
      "Cannot use --tta-augment alone: --tta with a number of passes was needed",
    );
  }
  const run = { size, resize, interpolation, classes };
  if (ttaAugment === undefined) return trainedPipeline(configuration, run);
  return await openPipeline(files, { flag: "tta-augment", value: ttaAugment }, run);
}
