/** Asks checkpoints one after the other about the same images. Writes nothing. */

import { divide, type HasKernel } from "../data/divide.ts";
import type { Files } from "../data/files.ts";
import { Loader, type LoaderSettings } from "../data/loader.ts";
import type { Pipeline } from "../data/pipeline.ts";
import type { Sample } from "../data/sample.ts";
import type { Device } from "../engine/gpu/device.ts";
import { deviceAugmentation } from "../train/augmentation.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import type { Reporter } from "../train/events.ts";
import { predict, type Prediction } from "../train/predict.ts";
import { passesOf, PLAIN, type View, viewsOf } from "../train/views.ts";
import { describeDivision, kernelsOf, openPipeline, trainedPipeline } from "./augment_flags.ts";
import type { EnsembleFlags, Member } from "./ensemble_flags.ts";
import { UsageError } from "./errors.ts";
import { imageProgress } from "./machine.ts";
import { evaluationSession, trainedBatch } from "./sessions.ts";

/** Images, how they are read, and who is told of progress. */
export interface Question {
  readonly samples: readonly Sample[];
  readonly files: Files;
  readonly settings: LoaderSettings;
  readonly seed: number;
  readonly report: Reporter;
}

/** What a member is shown. */
interface Show {
  readonly views: readonly View[];
  /** What is done in augmented passes, of which the device does its part. */
  readonly augment?: Pipeline;
  readonly hasKernel?: HasKernel | undefined;
}

/** What each member answers, in order, and how many views of images that took each second. */
export async function ask(
  device: Device,
  members: readonly Member[],
  flags: EnsembleFlags,
  { samples, files, settings, seed, report }: Question,
): Promise<{ readonly predictions: Prediction[]; readonly imagesPerSecond: number }> {
  const shows: Show[] = [];
  for (const { checkpoint } of members) shows.push(await showOf(files, flags, checkpoint));
  const total = shows.reduce((sum, { views }) => sum + views.length, 0) * samples.length;
  const { measured, imagesPerSecond } = imageProgress(total, report);
  const loader = await Loader.open(samples, files, settings);
  const predictions: Prediction[] = [];
  try {
    for (const [i, { path, checkpoint }] of members.entries()) {
      const { views, augment, hasKernel } = shows[i]!;
      const batch = flags.batch ?? trainedBatch(checkpoint);
      // Images of a prediction are not mixed with each other.
      const passed = augment &&
        { ...divide(augment, hasKernel), batch: [], mixed: "loader" as const };
      if (passed) report({ event: "note", text: `each pass: ${describeDivision(passed)}` });
      const session = await evaluationSession(device, checkpoint, {
        ...{ path, batch, precision: flags.precision },
        augment: passed && deviceAugmentation(passed),
      });
      try {
        const set = { loader, count: samples.length };
        const options = { batch, ...sizesOf(checkpoint), seed, views, hasKernel, measured };
        predictions.push(await predict(session, set, options));
      } finally {
        session.destroy();
      }
    }
  } finally {
    loader.close();
  }
  return { predictions, imagesPerSecond: imagesPerSecond() };
}

/** How the images of a checkpoint's model are cut. */
export function sizesOf({ size, resize, preprocessing: { interpolation } }: Checkpoint) {
  return { size, resize, interpolation };
}

/** Throws UsageError where `--tta-augment` has no passes to augment. */
async function showOf(
  files: Files,
  { tta, ttaAugment, augmentOn }: EnsembleFlags,
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
  return { views: passesOf(tta, augment), augment, hasKernel: kernelsOf(augmentOn) };
}
