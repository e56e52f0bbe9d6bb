/** Reading an image through a projective map: Pillow's sampling on bytes, torch's on numbers. */
import { type FloatImage, type Image, type Raster, rearranged, type Size } from "../image.ts";
import { roundEven } from "./chance.ts";
import type { Fill, Interpolation } from "./fields.ts";

/**
 * Where the pixel at (x, y) comes from, with X = x + ½ and Y = y + ½:
 * u + ½ = (aX + bY + c) / (gX + hY + 1), v + ½ = (dX + eY + f) / (gX + hY + 1), in the order a … h.
 */
export type Coefficients = readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/** How a map is read. */
export interface WarpOptions extends Size {
  readonly coefficients: Coefficients;
  readonly interpolation: Interpolation;
  /** Levels of what comes from outside; null is black that nothing blends with. */
  readonly fill: Fill | null;
}

/** Bits after the binary point of Pillow's positions. */
const FIXED = 65536;

/** Red, green and blue of a fill. */
export function levels(fill: Fill | null): readonly number[] {
  const one = fill ?? 0;
  return typeof one === "number" ? [one, one, one] : one;
}

/**
 * An affine map from whole numbers x and y as Pillow reads it without interpolation, in units of 1/65536; undefined
 * for maps that it reads in floating point: projective ones, mere scalings, and those that leave its range.
 */
export function fixedCoefficients(
  [a, b, c, d, e, f, g, h]: Coefficients,
  { width, height }: Size,
): Coefficients | undefined {
  if (g !== 0 || h !== 0 || b === 0 && d === 0) return undefined;
  const largest = (p: number, q: number, r: number) =>
    Math.max(...[0, width].flatMap((x) => [0, height].map((y) => Math.abs(p * x + q * y + r))));
  if (largest(a, b, c) >= 32768 || largest(d, e, f) >= 32768) return undefined;
  const fixed = (v: number) => Math.floor(v * FIXED + 0.5);
  return [
    ...[fixed(a), fixed(b), fixed(c + a * 0.5 + b * 0.5)] as const,
    ...[fixed(d), fixed(e), fixed(f + d * 0.5 + e * 0.5), 0, 0] as const,
  ];
}

/** `ImagingTransform` of Pillow 13 with an affine or perspective map, bit for bit. */
export function warpBytes(image: Image, options: WarpOptions): Image {
  return options.interpolation === "bilinear"
    ? bilinearBytes(image, options)
    : nearestBytes(image, options);
}

/** Lays the fill under pixels that came from nowhere, which `pixel` calls −1. */
function filled<T extends Raster>(
  image: T,
  { width, height, fill }: WarpOptions,
  pixel: (x: number, y: number) => number,
): T {
  const [r = 0, g = 0, b = 0] = levels(fill);
  const outside: number[] = [];
  const result = rearranged(image, { width, height }, (x, y) => {
    const i = pixel(x, y);
    if (i < 0) outside.push(y * width + x);
    return i;
  });
  if (r === 0 && g === 0 && b === 0) return result;
  for (const i of outside) result.data.set([r, g, b], i * 3);
  return result;
}

function nearestBytes(image: Image, options: WarpOptions): Image {
  const { coefficients, width, height } = options;
  const [a, b, c, d, e, f, g, h] = coefficients;
  const inside = (u: number, v: number) =>
    u >= 0 && v >= 0 && u < image.width && v < image.height
      ? Math.trunc(v) * image.width + Math.trunc(u)
      : -1;
  if (g === 0 && h === 0 && b === 0 && d === 0) {
    // Scaling alone: positions are added up along each axis.
    const steps = (n: number, start: number, step: number) => {
      const positions = new Float64Array(n);
      let at = start;
      for (let i = 0; i < n; i++) {
        positions[i] = at;
        at += step;
      }
      return positions;
    };
    const us = steps(width, c + a * 0.5, a);
    const vs = steps(height, f + e * 0.5, e);
    return filled(image, options, (x, y) => inside(us[x]!, vs[y]!));
  }
  const fixed = fixedCoefficients(coefficients, options);
  if (fixed) {
    const [fa, fb, fc, fd, fe, ff] = fixed;
    return filled(
      image,
      options,
      (x, y) =>
        inside(
          Math.floor((fc + fb * y + fa * x) / FIXED),
          Math.floor((ff + fe * y + fd * x) / FIXED),
        ),
    );
  }
  return filled(image, options, (x, y) => {
    const [X, Y] = [x + 0.5, y + 0.5];
    const w = g * X + h * Y + 1;
    return inside((a * X + b * Y + c) / w, (d * X + e * Y + f) / w);
  });
}

function bilinearBytes(image: Image, { coefficients, width, height, fill }: WarpOptions): Image {
  const [a, b, c, d, e, f, g, h] = coefficients;
  const { width: w, data: pixels } = image;
  const outside = levels(fill);
  const data = new Uint8Array(width * height * 3);
  let o = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      const X = x + 0.5;
      const Y = y + 0.5;
      const z = g * X + h * Y + 1;
      const u = (a * X + b * Y + c) / z;
      const v = (d * X + e * Y + f) / z;
      if (!(u >= 0 && u < w && v >= 0 && v < image.height)) {
        data.set(outside, o);
        continue;
      }
      const left = Math.floor(u - 0.5);
      const top = Math.floor(v - 0.5);
      const dx = u - 0.5 - left;
      const dy = v - 0.5 - top;
      // Neighbours beyond the border are the border.
      const x0 = Math.max(left, 0) * 3;
      const x1 = Math.min(left + 1, w - 1) * 3;
      const row0 = Math.max(top, 0) * w * 3;
      const row1 = Math.min(top + 1, image.height - 1) * w * 3;
      for (let k = 0; k < 3; k++) {
        const above = pixels[row0 + x0 + k]! +
          (pixels[row0 + x1 + k]! - pixels[row0 + x0 + k]!) * dx;
        const below = pixels[row1 + x0 + k]! +
          (pixels[row1 + x1 + k]! - pixels[row1 + x0 + k]!) * dx;
        data[o + k] = above + (below - above) * dy;
      }
    }
  }
  return { width, height, data };
}

/**
 * `grid_sample` of torch, zeros outside, with torchvision's fill: `fill` levels are 0 … 255. With
 * bilinear reading the border is weighted twice, as there: once as zeros, once by the mask.
 */
export function warpFloats(image: FloatImage, options: WarpOptions): FloatImage {
  const { coefficients: [a, b, c, d, e, f, g, h], width, height, fill } = options;
  const data = new Float32Array(width * height * 3);
  const sample = options.interpolation === "bilinear" ? bilinear : nearest;
  const outside = fill === null ? undefined : levels(fill).map((level) => level / 255);
  let o = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      const [X, Y] = [x + 0.5, y + 0.5];
      const z = g * X + h * Y + 1;
      const mask = sample(
        image,
        (a * X + b * Y + c) / z - 0.5,
        (d * X + e * Y + f) / z - 0.5,
        data,
        o,
      );
      if (outside === undefined) continue;
      for (let k = 0; k < 3; k++) data[o + k] = mask * data[o + k]! + (1 - mask) * outside[k]!;
    }
  }
  return { width, height, data };
}

/** The image read at each pixel's place plus a shift to the right and down, as `warpFloats` reads. */
export function readMoved(
  image: FloatImage,
  { interpolation, fill }: Pick<WarpOptions, "interpolation" | "fill">,
  shift: (pixel: number) => readonly [number, number],
): FloatImage {
  const { width, height } = image;
  const data = new Float32Array(image.data.length);
  const sample = interpolation === "bilinear" ? bilinear : nearest;
  const outside = levels(fill).map((level) => level / 255);
  for (let i = 0; i < width * height; i++) {
    const [dx, dy] = shift(i);
    const mask = sample(image, i % width + dx, Math.floor(i / width) + dy, data, 3 * i);
    for (let k = 3 * i; k < 3 * i + 3; k++) {
      data[k] = mask * data[k]! + (1 - mask) * outside[k % 3]!;
    }
  }
  return { width, height, data };
}

/** Writes the pixel nearest to (u, v); returns whether there is one, as 0 or 1. */
function nearest(image: FloatImage, u: number, v: number, to: Float32Array, o: number): number {
  const [x, y] = [roundEven(u), roundEven(v)];
  if (!(x >= 0 && y >= 0 && x < image.width && y < image.height)) return 0;
  const i = (y * image.width + x) * 3;
  for (let k = 0; k < 3; k++) to[o + k] = image.data[i + k]!;
  return 1;
}

/** Writes the weighted sum of the four neighbours that there are; returns their weights' sum. */
function bilinear(
  { width, height, data }: FloatImage,
  u: number,
  v: number,
  to: Float32Array,
  o: number,
): number {
  const left = Math.floor(u);
  const top = Math.floor(v);
  const x0 = left >= 0 && left < width ? 1 - (u - left) : 0;
  const x1 = left >= -1 && left < width - 1 ? u - left : 0;
  const y0 = top >= 0 && top < height ? 1 - (v - top) : 0;
  const y1 = top >= -1 && top < height - 1 ? v - top : 0;
  // A neighbour without weight may lie outside; what stands for it does not count.
  const i = Math.min(Math.max(top, 0), height - 1) * width;
  const j = Math.min(Math.max(top + 1, 0), height - 1) * width;
  const k = Math.min(Math.max(left, 0), width - 1);
  const l = Math.min(Math.max(left + 1, 0), width - 1);
  for (let c = 0; c < 3; c++) {
    to[o + c] = y0 * (x0 * data[(i + k) * 3 + c]! + x1 * data[(i + l) * 3 + c]!) +
      y1 * (x0 * data[(j + k) * 3 + c]! + x1 * data[(j + l) * 3 + c]!);
  }
  return (x0 + x1) * (y0 + y1);
}
