/** The pictures of a report: its most wrong images as the model sees them, and where it looks. Chooses no image. */

import { withArchives } from "../data/archives/mount.ts";
import { encodeJpeg } from "../data/encode.ts";
import { type Files, join } from "../data/files.ts";
import { overlay } from "../data/heat_map.ts";
import type { Image } from "../data/image.ts";
import { Loader, type LoaderSettings } from "../data/loader.ts";
import { resizeBytes } from "../data/transforms/resize.ts";
import { imageOf } from "../data/view.ts";
import type { Device } from "../engine/gpu/device.ts";
import { mostWrong, type Picture } from "./report.ts";
import type { RunData } from "./run.ts";
import { readCheckpoint } from "../train/checkpoint.ts";
import { GradCam } from "../train/gradcam.ts";

/** Images that are decoded and looked at together. */
const BATCH = 8;

/** Pixels of a side of a thumbnail at most, twice what it is shown at, and its quality. */
const LARGEST = 192;
const QUALITY = 82;

/** An image of a report before it is written down. */
export interface WrongImage {
  /** Its row in the outputs of validation. */
  readonly row: number;
  /** The data set's name for it. */
  readonly name: string;
  /** As the model sees it. */
  readonly image: Image;
  /** With where the model looks laid over it, where there is a device to say so. */
  readonly overlay?: Image;
}

/** How pictures of wrong images are made. */
export interface WrongImageOptions {
  /** What says where the model looks; nothing does if not given. */
  readonly device?: Device | undefined;
  /** How many images at most; as many as a report shows if not given. */
  readonly count?: number | undefined;
  /** What reads the images; that which reads the run, and archives, if not given. */
  readonly images?: Files;
  /** How they are read. */
  readonly settings?: LoaderSettings;
}

/**
 * The most wrong validation images of a run; those whose files are gone are left out. With a `device`, each has
 * the Grad-CAM of the class that it is called. Rejects with what reading the checkpoint or an image says.
 */
export async function wrongImages(
  files: Files,
  run: RunData,
  { device, count, images: reading = withArchives(files), settings }: WrongImageOptions = {},
): Promise<WrongImage[]> {
  if (!run.validation) return [];
  const { samples } = run.validation;
  const wrong: { row: number; predicted: number }[] = [];
  for (const one of mostWrong(run.validation, count)) {
    if (await reading.kind(samples[one.row]!.path) === "file") wrong.push(one);
  }
  if (wrong.length === 0) return [];
  const checkpoint = await readCheckpoint(files, join(run.path, "best.safetensors"));
  const { model, classes, size, resize, preprocessing, weights } = checkpoint;
  const cam = device && await GradCam.create(device, {
    ...{ model, classes: classes.length, size, batch: BATCH, preprocessing, weights },
  });
  const loader = await Loader.open(wrong.map(({ row }) => samples[row]!), reading, {
    ...settings,
    workers: 1,
  });
  const found: WrongImage[] = [];
  try {
    const { interpolation } = preprocessing;
    const options = { batch: BATCH, size, resize, interpolation, seed: 0, train: false, epoch: 0 };
    for await (const { images, indices } of loader.batches(options)) {
      const sought = Int32Array.from(indices, (index) => index < 0 ? -1 : wrong[index]!.predicted);
      const looked = await cam?.look(images, sought);
      indices.forEach((index, i) => {
        if (index < 0) return;
        const { row } = wrong[index]!;
        const pixels = images.subarray(i * size * size * 4, (i + 1) * size * size * 4);
        const image = imageOf(pixels, { width: size, height: size });
        const places = looked && looked.height * looked.width;
        found.push({
          ...{ row, name: samples[row]!.name, image },
          ...(looked && places && {
            overlay: overlay(image, {
              ...{ width: looked.width, height: looked.height },
              data: looked.maps.subarray(i * places, (i + 1) * places),
            }),
          }),
        });
      });
    }
  } finally {
    loader.close();
    cam?.destroy();
  }
  return found;
}

/** The images as addresses that hold them, by their rows. */
export async function picturesOf(images: readonly WrongImage[]): Promise<Map<number, Picture>> {
  const address = async (image: Image) => {
    const side = Math.min(LARGEST, image.width);
    const small = resizeBytes(image, { width: side, height: side });
    return `data:image/jpeg;base64,${(await encodeJpeg(small, QUALITY)).toBase64()}`;
  };
  const pictures = new Map<number, Picture>();
  for (const { row, image, overlay } of images) {
    pictures.set(row, {
      image: await address(image),
      ...(overlay && { overlay: await address(overlay) }),
    });
  }
  return pictures;
}
