/** Resizing with antialiasing, bilinear or bicubic, as Pillow does it, to the bit. No cropping. */
import type { Image, Size } from "../image.ts";
import type { Random } from "../random.ts";

/** How pixels between pixels are made. */
export type Interpolation = "bilinear" | "bicubic";

/** A filter: its value at a distance of 0 to `reach` output pixels, and 0 beyond. */
interface Filter {
  readonly reach: number;
  readonly at: (t: number) => number;
}

const FILTERS: Readonly<Record<Interpolation, Filter>> = {
  bilinear: { reach: 1, at: (t) => t < 1 ? 1 - t : 0 },
  // Keys' cubic with a = −1/2.
  bicubic: {
    reach: 2,
    at: (t) => t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? (((t - 5) * t + 8) * t - 4) * -0.5 : 0,
  },
};

/** Bits after the binary point of a weight (Pillow's `PRECISION_BITS` for 8-bit images). */
const BITS = 22;

/** What the output pixels of one axis are made of. */
interface Taps {
  /** First input pixel of each output pixel. */
  readonly first: Int32Array;
  /** Weights of the pixels from there on, in units of 2^-22: [outputs, span]; unused ones are 0. */
  readonly weights: Int32Array;
  /** Number of weights each output pixel has. */
  readonly span: number;
}

function taps(from: number, to: number, { reach, at }: Filter): Taps {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = reach * stretch;
  const span = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const weights = new Int32Array(to * span);
  const values = new Float64Array(span);
  for (let i = 0; i < to; i++) {
    const center = scale * (i + 0.5);
    const low = Math.max(Math.trunc(center - support + 0.5), 0);
    const high = Math.min(Math.trunc(center + support + 0.5), from);
    let sum = 0;
    for (let j = low; j < high; j++) {
      sum += values[j - low] = at(Math.abs((j - center + 0.5) * (1 / stretch)));
    }
    first[i] = low;
    for (let k = 0; k < high - low; k++) {
      const weight = values[k]! / sum * 2 ** BITS;
      weights[i * span + k] = Math.trunc(weight + (weight < 0 ? -0.5 : 0.5));
    }
  }
  return { first, weights, span };
}

/** A sum in units of 2^-22 as a level; the bicubic filter leaves 0 … 255. */
function toByte(sum: number): number {
  const level = sum >> BITS;
  return level < 0 ? 0 : level > 255 ? 255 : level;
}

/** [rows, from, 3] → [rows, to, 3]. */
function resizeRows(
  x: Uint8Array,
  rows: number,
  from: number,
  { first, weights, span }: Taps,
): Uint8Array {
  const to = first.length;
  const y = new Uint8Array(rows * to * 3);
  let o = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < to; i++, o += 3) {
      const count = Math.min(span, from - first[i]!);
      let [r, g, b] = [1 << (BITS - 1), 1 << (BITS - 1), 1 << (BITS - 1)];
      let p = (row * from + first[i]!) * 3;
      for (let k = i * span; k < i * span + count; k++, p += 3) {
        const w = weights[k]!;
        r += x[p]! * w;
        g += x[p + 1]! * w;
        b += x[p + 2]! * w;
      }
      y[o] = toByte(r);
      y[o + 1] = toByte(g);
      y[o + 2] = toByte(b);
    }
  }
  return y;
}

/** [from, stride] → [to, stride]. */
function resizeColumns(
  x: Uint8Array,
  stride: number,
  from: number,
  { first, weights, span }: Taps,
): Uint8Array {
  const to = first.length;
  const y = new Uint8Array(to * stride);
  const sums = new Int32Array(stride);
  for (let i = 0; i < to; i++) {
    sums.fill(1 << (BITS - 1));
    const count = Math.min(span, from - first[i]!);
    for (let k = 0; k < count; k++) {
      const w = weights[i * span + k]!;
      if (w === 0) continue;
      const row = (first[i]! + k) * stride;
      for (let c = 0; c < stride; c++) sums[c] = sums[c]! + x[row + c]! * w;
    }
    for (let c = 0; c < stride; c++) y[i * stride + c] = toByte(sums[c]!);
  }
  return y;
}

/**
 * The size with `short` pixels on the shorter side and the same proportions, as
 * `torchvision.transforms.Resize(short)` takes it. Draws nothing from `_random`.
 */
export function sample(_random: Random, { width, height }: Size, short: number): Size {
  const long = (side: number, other: number) => Math.trunc(short * side / other);
  return width <= height
    ? { width: short, height: long(height, width) }
    : { width: long(width, height), height: short };
}

/** The image at another size: `Image.resize((width, height), interpolation)` of Pillow 13, bit for bit. */
export function apply(
  image: Image,
  { width, height }: Size,
  interpolation: Interpolation = "bilinear",
): Image {
  if (!(Number.isInteger(width) && width > 0 && Number.isInteger(height) && height > 0)) {
    throw new RangeError(
      `Cannot resize an image to ${width} × ${height}: two positive integers were needed`,
    );
  }
  const filter = FILTERS[interpolation];
  const across = (x: Uint8Array, rows: number) =>
    width === image.width ? x : resizeRows(x, rows, image.width, taps(image.width, width, filter));
  const down = (x: Uint8Array, columns: number) =>
    height === image.height
      ? x
      : resizeColumns(x, columns * 3, image.height, taps(image.height, height, filter));
  // Each pass rounds, so their order shows: Pillow's since 13, which before went across first always.
  const downFirst = image.height > height && image.height - height > 2 * (image.width - width);
  const data = downFirst
    ? across(down(image.data, image.width), height)
    : down(across(image.data, image.height), width);
  return { width, height, data };
}
