/** The part of an image that a model sees: which square, mirrored or not, and its bytes in a batch. */
import type { Image, Size } from "./image.ts";
import type { Random } from "./random.ts";
import * as centerCrop from "./transforms/center_crop.ts";
import type { Rectangle } from "./transforms/crop.ts";
import * as horizontalFlip from "./transforms/horizontal_flip.ts";
import * as randomCrop from "./transforms/random_crop.ts";

/** A square of an image and whether it is mirrored left to right. */
export interface View extends Rectangle {
  /** Mirrored after cutting out. */
  readonly flip: boolean;
}

/** The view for evaluation: the square in the middle, as it is. */
export function centerView(image: Size, size: number): View {
  return { ...centerCrop.sample(() => 0, image, size), flip: false };
}

/** A view for training: a square anywhere, mirrored half the time. */
export function randomView(random: Random, image: Size, size: number): View {
  return {
    ...randomCrop.sample(random, image, size),
    flip: horizontalFlip.sample(random, image),
  };
}

/**
 * Writes a view as row `row` of `batch`, [n, height, width, 4]: four bytes a pixel, the last one 0, so that
 * the device reads a pixel as one word. Same as cropping, mirroring and copying, in one pass.
 */
export function writeView(image: Image, view: View, batch: Uint8Array, row: number): void {
  const { left, top, width, height, flip } = view;
  const pixels = image.data;
  const step = flip ? -3 : 3;
  let to = row * width * height * 4;
  for (let y = 0; y < height; y++) {
    let from = ((top + y) * image.width + left + (flip ? width - 1 : 0)) * 3;
    for (let x = 0; x < width; x++, from += step, to += 4) {
      batch[to] = pixels[from]!;
      batch[to + 1] = pixels[from + 1]!;
      batch[to + 2] = pixels[from + 2]!;
    }
  }
}
