/** Cutting a rectangle out of an image; where it lies is chosen elsewhere. No padding. */
import type { Image, Size } from "../image.ts";

/** A rectangle inside an image. */
export interface Rectangle extends Size {
  /** Columns to the left of it. */
  readonly left: number;
  /** Rows above it. */
  readonly top: number;
}

/** Throws RangeError when a square of `size` does not fit into an image. */
export function requireFit({ width, height }: Size, size: number): void {
  if (!(Number.isInteger(size) && size > 0 && size <= width && size <= height)) {
    throw new RangeError(
      `Cannot crop ${size} × ${size} from ${width} × ${height}: a size from 1 to ${
        Math.min(width, height)
      } was needed`,
    );
  }
}

/** The pixels inside the rectangle. Throws RangeError when it leaves the image. */
export function apply(image: Image, { left, top, width, height }: Rectangle): Image {
  if (left < 0 || top < 0 || left + width > image.width || top + height > image.height) {
    throw new RangeError(
      `Cannot crop ${width} × ${height} at (${left}, ${top}): the image has ` +
        `${image.width} × ${image.height}, a rectangle inside it was needed`,
    );
  }
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { width, height, data };
}
