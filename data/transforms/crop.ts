/** Cutting a rectangle out of an image; where it lies is chosen elsewhere. */
import { type Raster, rearranged, type Size } from "../image.ts";
import { type Operation, operation } from "./transform.ts";

/** A rectangle of an image. */
export interface Rectangle extends Size {
  /** Columns to the left of it; negative where it begins outside. */
  readonly left: number;
  /** Rows above it. */
  readonly top: number;
}

/** Whether no part of a rectangle leaves the image. */
export function isInside({ left, top, width, height }: Rectangle, image: Size): boolean {
  return left >= 0 && top >= 0 && left + width <= image.width && top + height <= image.height;
}

function cut<T extends Raster>(image: T, rectangle: Rectangle): T {
  const { left, top, width, height } = rectangle;
  if (!isInside(rectangle, image)) {
    return rearranged(image, { width, height }, (x, y) => {
      const [column, row] = [left + x, top + y];
      const outside = column < 0 || row < 0 || column >= image.width || row >= image.height;
      return outside ? -1 : row * image.width + column;
    });
  }
  const data = image.data.slice(0, width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { ...image, width, height, data };
}

/** The pixels of a rectangle, black where it leaves the image: torchvision's `crop`. */
export const crop: Operation<Rectangle> = operation("crop", {
  apply: cut,
  applyFloat: cut,
  resized: (_, { width, height }) => ({ width, height }),
});

/** Throws RangeError when a rectangle of a size does not fit into an image. */
export function requireFit(image: Size, { width, height }: Size): void {
  if (width <= image.width && height <= image.height) return;
  throw new RangeError(
    `Cannot crop ${width} × ${height} from ${image.width} × ${image.height}: ` +
      "at most the size of the image was needed",
  );
}
