/** Another size: `Image.resize` of Pillow to the bit on bytes, torch's on numbers, and torchvision's `Resize`. */
import { type FloatImage, type Image, rearranged, type Size } from "../image.ts";
import {
  field,
  type Pair,
  refuse,
  type ResizeFilter,
  resizeFilter,
  size as sizeField,
} from "./fields.ts";
import { crop, isInside, type Rectangle } from "./crop.ts";
import { antialiased, linear, nearestCenter, nearestFloat, type Taps } from "./resample.ts";
import { resampleBytes } from "./resize_bytes.ts";
import { type Drawn, type Operation, operation, type Transform, transform } from "./transform.ts";

export type { ResizeFilter } from "./fields.ts";

/** What to resize to, and how. */
export interface ResizeParameters extends Size {
  /** Default "bilinear". */
  readonly interpolation?: ResizeFilter;
  /** Whether numbers are read with antialiasing, as bytes always are. Default true. */
  readonly antialias?: boolean;
}

/** Options of {@linkcode resizeImage}. */
export interface ResizeOptions {
  /** Shorter side, or [height, width]. Default what the run says (`--resize`). */
  readonly size?: number | Pair;
  /** How pixels are made. Default what the run says. */
  readonly interpolation?: ResizeFilter;
  /** Most pixels of the longer side, for a shorter side. Default null: any. */
  readonly maxSize?: number | null;
}

/** The image at another size, by Pillow 13's integer arithmetic. Throws RangeError for a size that is none. */
export function resizeBytes(
  image: Image,
  { width, height, interpolation = "bilinear" }: ResizeParameters,
): Image {
  requireSize({ width, height });
  if (width === image.width && height === image.height) return image;
  if (interpolation === "nearest" || interpolation === "nearest-exact") {
    const columns = nearestCenter(image.width, width);
    const rows = nearestCenter(image.height, height);
    return rearranged(
      image,
      { width, height },
      (x, y) => rows[y]! * image.width + columns[x]!,
    );
  }
  return resampleBytes(image, {
    ...{ width, height, filter: interpolation },
    ...{ from: { ...sizeOf(image), ...CORNER }, to: { width, height, ...CORNER } },
  });
}

/**
 * What the first operations make of an image, and how many they are, where crops stand around a resize: pixels
 * that are cut off are not computed. Undefined where `drawn` begins with something else.
 */
export function resizedPart(
  image: Image,
  drawn: readonly Drawn[],
): { readonly image: Image; readonly count: number } | undefined {
  const at = drawn[0]?.name === crop.name ? 1 : 0;
  const from = at === 1 ? drawn[0]!.parameters as Rectangle : { ...sizeOf(image), ...CORNER };
  if (drawn[at]?.name !== resize.name || !isInside(from, image)) return undefined;
  const { interpolation: filter = "bilinear", ...size } = drawn[at].parameters as ResizeParameters;
  if (filter === "nearest" || filter === "nearest-exact") return undefined;
  requireSize(size);
  const { name, parameters } = drawn[at + 1] ?? {};
  const cut = name === crop.name && isInside(parameters as Rectangle, size);
  const to = cut ? parameters as Rectangle : { ...sizeOf(size), ...CORNER };
  const part = resampleBytes(image, { ...sizeOf(size), filter, from, to });
  return { image: part, count: at + (cut ? 2 : 1) };
}

const CORNER = { left: 0, top: 0 };

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}

/** Weighted sums along one axis: [before, from, after] → [before, to, after]. */
export function weighted(
  x: Float32Array,
  taps: Taps,
  { from, after }: { readonly from: number; readonly after: number },
): Float32Array {
  const { first, count, weights, span } = taps;
  const before = x.length / from / after;
  const y = new Float32Array(before * first.length * after);
  let o = 0;
  for (let b = 0; b < before; b++) {
    for (let i = 0; i < first.length; i++) {
      for (let a = 0; a < after; a++, o++) {
        let sum = 0;
        for (let k = 0; k < count[i]!; k++) {
          sum += weights[i * span + k]! * x[(b * from + first[i]! + k) * after + a]!;
        }
        y[o] = sum;
      }
    }
  }
  return y;
}

/** Numbers, first across, then down, without rounding between. */
function resizeFloats(image: FloatImage, parameters: ResizeParameters): FloatImage {
  const { width, height, interpolation = "bilinear", antialias = true } = parameters;
  requireSize({ width, height });
  if (interpolation === "nearest" || interpolation === "nearest-exact") {
    const offset = interpolation === "nearest" ? 0 : 0.5;
    const columns = nearestFloat(image.width, width, offset);
    const rows = nearestFloat(image.height, height, offset);
    return rearranged(image, { width, height }, (x, y) => rows[y]! * image.width + columns[x]!);
  }
  const taps = (from: number, to: number) =>
    antialias ? antialiased(from, to, interpolation) : linear(from, to);
  const rows = weighted(image.data, taps(image.width, width), { from: image.width, after: 3 });
  const data = weighted(rows, taps(image.height, height), {
    from: image.height,
    after: 3 * width,
  });
  return { width, height, data };
}

function requireSize({ width, height }: Size): void {
  if (Number.isInteger(width) && width > 0 && Number.isInteger(height) && height > 0) return;
  throw new RangeError(
    `Cannot resize an image to ${width} × ${height}: two positive integers were needed`,
  );
}

/**
 * The image at another size: `Image.resize` of Pillow 13 on bytes, bit for bit, and
 * `torchvision.transforms.v2.functional.resize` on numbers.
 */
export const resize: Operation<ResizeParameters> = operation("resize", {
  apply: resizeBytes,
  applyFloat: resizeFloats,
  resized: (_, { width, height }) => ({ width, height }),
});

/**
 * The size with `short` pixels on the shorter side and the same proportions, the longer one at most
 * `maxSize`, as `torchvision.transforms.Resize(short, max_size=maxSize)` takes it.
 */
export function shorterSide({ width, height }: Size, short: number, maxSize?: number | null): Size {
  const long = Math.trunc(short * Math.max(width, height) / Math.min(width, height));
  const [a, b] = maxSize && long > maxSize
    ? [Math.trunc(maxSize * short / long), maxSize]
    : [short, long];
  return width <= height ? { width: a, height: b } : { width: b, height: a };
}

/** torchvision's `Resize`. */
export const resizeImage: Transform<ResizeOptions> = transform<ResizeOptions>("Resize", {
  fields: {
    size: sizeField("resize"),
    interpolation: resizeFilter(),
    maxSize: field<number | null>(
      "a whole number from 1, or null,",
      (v) => v === null || Number.isInteger(v) && v as number > 0,
      null,
    ),
  },
  operations: [resize],
  random: false,
  sample(_, image, { size, interpolation, maxSize }) {
    if (typeof size !== "number") {
      return [resize({ height: size[0], width: size[1], interpolation })];
    }
    return [resize({ ...shorterSide(image, size, maxSize), interpolation })];
  },
  check({ size, maxSize }, at) {
    if (maxSize !== null && !(typeof size === "number" && maxSize > size)) {
      throw refuse(`${at}.maxSize`, maxSize, `a number above the shorter side, ${size},`);
    }
  },
  resized: (_, { size }) =>
    typeof size === "number" ? undefined : { height: size[0], width: size[1] },
});
