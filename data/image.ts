/** The forms in which pixels travel through this room; not a file format and not a tensor. */

/** Sizes in pixels. */
export interface Size {
  /** Pixels in a row. */
  readonly width: number;
  /** Number of rows. */
  readonly height: number;
}

/** Pixels of three channels: red green blue, rows top to bottom, no padding. */
export interface Raster<Data extends Uint8Array | Float32Array = Uint8Array | Float32Array>
  extends Size {
  /** [height, width, 3] */
  readonly data: Data;
}

/** A decoded image: values 0 … 255. */
export interface Image extends Raster<Uint8Array> {
  /** [height, width, 3], values 0 … 255. */
  readonly data: Uint8Array;
}

/** Most pixels an image may have: twice Pillow's limit (1024³ / 4 / 3), as where Pillow gives up. */
export const MAX_PIXELS = 178_956_970;

/** An image in numbers, as the device sees it: 0 is black, 1 is full. */
export type FloatImage = Raster<Float32Array>;

/** The image with its levels divided by 255. */
export function toFloat({ width, height, data }: Image): FloatImage {
  return { width, height, data: new Float32Array(data).map((level) => level / 255) };
}

/** A raster of the same kind of numbers: `pixel` of `image` at each place, all 0 where it is negative. */
export function rearranged<T extends Raster>(
  image: T,
  { width, height }: Size,
  pixel: (x: number, y: number) => number,
): T {
  const data = image.data instanceof Uint8Array
    ? new Uint8Array(width * height * 3)
    : new Float32Array(width * height * 3);
  let o = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      const i = pixel(x, y) * 3;
      if (i < 0) continue;
      data[o] = image.data[i]!;
      data[o + 1] = image.data[i + 1]!;
      data[o + 2] = image.data[i + 2]!;
    }
  }
  return { ...image, width, height, data };
}

/** The image with each level replaced by what `table` has for it; three tables are for the channels. */
export function mapped(image: Image, tables: readonly ArrayLike<number>[]): Image {
  const { width, height } = image;
  const data = new Uint8Array(image.data.length);
  for (let c = 0; c < 3; c++) {
    const table = tables[c % tables.length]!;
    for (let i = c; i < data.length; i += 3) data[i] = table[image.data[i]!]!;
  }
  return { width, height, data };
}

/** A table of levels for {@linkcode mapped}: `level(i)` cut to 0 … 255 and towards 0. */
export function table(level: (i: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, i) => Math.min(255, Math.max(0, level(i))));
}
