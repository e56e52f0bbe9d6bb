/** Writes where a checkpoint's model looks: each image with a heat map over it, as a PNG of its own. */

import { encodePng } from "../data/encode.ts";
import { directoryName, type Files, join } from "../data/files.ts";
import { overlay } from "../data/heat_map.ts";
import { Loader } from "../data/loader.ts";
import { imageOf } from "../data/view.ts";
import type { Device } from "../engine/gpu/device.ts";
import { GradCam } from "../train/gradcam.ts";
import type { Question } from "./ensemble.ts";
import { type EnsembleFlags, type Member, sizesOf } from "./ensemble_flags.ts";
import { UsageError } from "./errors.ts";
import { trainedBatch } from "../train/run/sessions.ts";

/** Throws UsageError where overlays in `dir` would stand among the images that are predicted. */
export async function requireApart(files: Files, dir: string, images: string): Promise<void> {
  const kind = await files.kind(dir);
  if (kind === "file") {
    throw new UsageError(`Cannot write --cam "${dir}": it is a file, a folder was needed`);
  }
  if (kind === "none" || await files.realPath(dir) !== await files.realPath(images)) return;
  throw new UsageError(
    `Cannot write --cam "${dir}": the images to predict are in it, another folder was needed`,
  );
}

/**
 * Writes `DIR/<image>.png` for every image: the plain view that the model sees, and over it what spoke for the
 * class it takes the image for.
 */
export async function writeOverlays(
  dir: string,
  { path, checkpoint }: Member,
  { device, flags, samples, files, settings, seed, report }: Question & {
    readonly device: Device;
    readonly flags: Pick<EnsembleFlags, "batch">;
  },
): Promise<void> {
  const { model, classes, size, preprocessing, weights } = checkpoint;
  const batch = flags.batch ?? trainedBatch(checkpoint);
  const cam = await GradCam.create(device, {
    ...{ model, classes: classes.length, size, batch, preprocessing, weights },
  });
  const loader = await Loader.open(samples, files, settings);
  try {
    const plain = { ...sizesOf(checkpoint), batch, seed, train: false, epoch: 0 };
    const square = { width: size, height: size };
    for await (const { images, indices } of loader.batches(plain)) {
      const { maps, width, height } = await cam.look(images);
      for (const [row, index] of indices.entries()) {
        if (index < 0) continue;
        const data = maps.subarray(row * width * height, (row + 1) * width * height);
        const pixels = images.subarray(row * size * size * 4, (row + 1) * size * size * 4);
        const shown = overlay(imageOf(pixels, square), { width, height, data });
        const out = join(dir, `${samples[index]!.name}.png`);
        await files.makeDirectory(directoryName(out));
        await files.writeAtomic(out, await encodePng(shown));
      }
    }
    report({
      event: "note",
      text: `Wrote ${samples.length} overlays to ${dir}: what spoke for the class that ${path} ` +
        `takes each image for, by the ${cam.layer} of its ${model}`,
    });
  } finally {
    loader.close();
    cam.destroy();
  }
}
