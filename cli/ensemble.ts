/** Asks checkpoints one after the other about the same images. Writes nothing. */

import { divide } from "../data/divide.ts";
import type { Files } from "../data/files.ts";
import { Loader, type LoaderSettings } from "../data/loader.ts";
import type { Sample } from "../data/sample.ts";
import type { Device } from "../engine/gpu/device.ts";
import { deviceAugmentation } from "../train/augmentation.ts";
import type { Reporter } from "../train/events.ts";
import { predict, type Prediction } from "../train/predict.ts";
import { augmentedOn, describeDivision, kernelsOf } from "../train/recipe/augment.ts";
import { type EnsembleFlags, type Member, sizesOf } from "./ensemble_flags.ts";
import { imageProgress } from "./machine.ts";
import { evaluationSession, trainedBatch } from "../train/run/sessions.ts";

/** Images, how they are read, and who is told of progress. */
export interface Question {
  readonly samples: readonly Sample[];
  readonly files: Files;
  readonly settings: LoaderSettings;
  readonly seed: number;
  readonly report: Reporter;
}

/** What each member answers, in order, and how many views of images that took each second. */
export async function ask(
  device: Device,
  members: readonly Member[],
  flags: EnsembleFlags,
  { samples, files, settings, seed, report }: Question,
): Promise<{ readonly predictions: Prediction[]; readonly imagesPerSecond: number }> {
  const total = members.reduce((sum, { views }) => sum + views.length, 0) * samples.length;
  const { measured, imagesPerSecond } = imageProgress(total, report);
  const loader = await Loader.open(samples, files, settings);
  const predictions: Prediction[] = [];
  try {
    const hasKernel = kernelsOf(augmentedOn(flags.augmentOn, device));
    for (const { path, checkpoint, views, augment } of members) {
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
        const kernels = augment && hasKernel;
        const options = {
          batch,
          ...sizesOf(checkpoint),
          seed,
          views,
          hasKernel: kernels,
          measured,
        };
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
