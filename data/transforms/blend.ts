/** Mixing an image with another version of itself by a factor; what version is up to the callers. */
import type { FloatImage, Image } from "../image.ts";

/** A version of a pixel's channel: the element `i` of an image's data. */
type Other = (i: number) => number;

/** `Image.blend(other, image, factor)` of Pillow: float32 steps, cut towards 0. */
export function blendBytes({ width, height, data }: Image, other: Other, factor: number): Image {
  const f = Math.fround(factor);
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const from = other(i);
    const level = Math.fround(from + Math.fround(f * (data[i]! - from)));
    result[i] = level <= 0 ? 0 : level >= 255 ? 255 : level;
  }
  return { width, height, data: result };
}

/** factor · x + (1 − factor) · other, cut to 0 … 1. */
export function blendFloats(
  { width, height, data }: FloatImage,
  other: Other,
  factor: number,
): FloatImage {
  const mixed = data.map((x, i) => Math.min(1, Math.max(0, factor * x + (1 - factor) * other(i))));
  return { width, height, data: mixed };
}

/** Pillow's grey of the pixel that holds element `i`, 0 … 255 ("L"). */
export function greyByte(data: Uint8Array, i: number): number {
  const p = i - i % 3;
  return (19595 * data[p]! + 38470 * data[p + 1]! + 7471 * data[p + 2]! + 32768) >> 16;
}

/** torchvision's grey of the pixel that holds element `i`. */
export function greyFloat(data: Float32Array, i: number): number {
  const p = i - i % 3;
  return 0.2989 * data[p]! + 0.587 * data[p + 1]! + 0.114 * data[p + 2]!;
}
