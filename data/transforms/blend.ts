/** Mixing an image with another version of itself by a factor; what version is up to the callers. */
import type { FloatImage, Image } from "../image.ts";

/** Another version of an image: one level for all of it, or each channel of each pixel. */
export type Version = number | ArrayLike<number>;

/** `Image.blend(other, image, factor)` of Pillow: float32 steps, cut towards 0. */
export function blendBytes({ width, height, data }: Image, other: Version, factor: number): Image {
  const f = Math.fround(factor);
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const from = typeof other === "number" ? other : other[i]!;
    const level = Math.fround(from + Math.fround(f * (data[i]! - from)));
    result[i] = level <= 0 ? 0 : level >= 255 ? 255 : level;
  }
  return { width, height, data: result };
}

/** factor · x + (1 − factor) · other, cut to 0 … 1. */
export function blendFloats(
  { width, height, data }: FloatImage,
  other: Version,
  factor: number,
): FloatImage {
  const result = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const from = typeof other === "number" ? other : other[i]!;
    result[i] = Math.min(1, Math.max(0, factor * data[i]! + (1 - factor) * from));
  }
  return { width, height, data: result };
}

/** Pillow's grey ("L") in three equal channels. */
export function greyBytes(data: Uint8Array): Uint8Array {
  const grey = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const level = (19595 * data[i]! + 38470 * data[i + 1]! + 7471 * data[i + 2]! + 32768) >> 16;
    grey[i] = level;
    grey[i + 1] = level;
    grey[i + 2] = level;
  }
  return grey;
}

/** torchvision's grey in three equal channels. */
export function greyFloats(data: Float32Array): Float64Array {
  const grey = new Float64Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const level = 0.2989 * data[i]! + 0.587 * data[i + 1]! + 0.114 * data[i + 2]!;
    grey[i] = level;
    grey[i + 1] = level;
    grey[i + 2] = level;
  }
  return grey;
}

/** The mean of all values. */
export function meanOf(data: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]!;
  return sum / data.length;
}
