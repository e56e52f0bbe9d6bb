/** Blurring by a bell curve: torchvision's `gaussian_blur` and `GaussianBlur`. */
import type { FloatImage, Image } from "../image.ts";
import { between, roundEven } from "./chance.ts";
import { type Field, field, numberOrInterval, type Pair } from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** The curve: along rows, then along columns. */
export interface GaussianBlurParameters {
  /** Odd numbers of pixels that make one. */
  readonly kernelSize: Pair;
  /** Standard deviations in pixels. */
  readonly sigma: Pair;
}

/** Options of {@linkcode randomGaussianBlur}. */
export interface GaussianBlurOptions {
  /** Odd number of pixels that make one, or those along rows and columns. */
  readonly kernelSize: number | Pair;
  /** Standard deviation in pixels, or the range it is drawn from. Default [0.1, 2]. */
  readonly sigma?: number | Pair;
}

/** Weights that sum to 1; `kept` is how numbers are kept between steps. */
function gaussian(
  kernelSize: number,
  sigma: number,
  kept: (x: number) => number = (x) => x,
): number[] {
  const half = (kernelSize - 1) / 2;
  const raw = Array.from({ length: kernelSize }, (_, i) => {
    const t = kept(kept((i - half) / Math.SQRT2) / kept(sigma));
    return kept(Math.exp(-kept(t * t)));
  });
  const sum = raw.reduce((a, b) => kept(a + b), 0);
  return raw.map((w) => kept(w / sum));
}

/** The place in a line of `n` that stands for `i`, mirrored at its ends without repeating them. */
function mirror(i: number, n: number): number {
  const period = Math.max(1, 2 * n - 2);
  const at = ((i % period) + period) % period;
  return at < n ? at : period - at;
}

/** Where each tap of a line of `n` reads: the place i − half of the line for i = 0 …, mirrored. */
function places(n: number, half: number): Int32Array {
  return Int32Array.from({ length: n + 2 * half }, (_, i) => mirror(i - half, n));
}

/** A filter along rows of three channels. */
function alongRows(x: Float64Array, weights: readonly number[], width: number): Float64Array {
  const y = new Float64Array(x.length);
  const from = places(width, (weights.length - 1) / 2).map((i) => 3 * i);
  for (let row = 0; row < x.length; row += 3 * width) {
    for (let i = 0; i < width; i++) {
      let [r, g, b] = [0, 0, 0];
      for (let k = 0; k < weights.length; k++) {
        const w = weights[k]!;
        const p = row + from[i + k]!;
        r += w * x[p]!;
        g += w * x[p + 1]!;
        b += w * x[p + 2]!;
      }
      const o = row + 3 * i;
      y[o] = r;
      y[o + 1] = g;
      y[o + 2] = b;
    }
  }
  return y;
}

/** A filter along columns of lines of `stride` values. */
function alongColumns(x: Float64Array, weights: readonly number[], stride: number): Float64Array {
  const y = new Float64Array(x.length);
  const height = x.length / stride;
  const from = places(height, (weights.length - 1) / 2).map((i) => i * stride);
  for (let i = 0; i < height; i++) {
    for (let k = 0; k < weights.length; k++) {
      const w = weights[k]!;
      const p = from[i + k]!;
      const o = i * stride;
      for (let s = 0; s < stride; s++) y[o + s] = y[o + s]! + w * x[p + s]!;
    }
  }
  return y;
}

/** Three channels blurred, in float64; edges are mirrored. */
export function blurred(
  { width, data }: Omit<FloatImage, "data"> & { readonly data: ArrayLike<number> },
  { kernelSize: [kx, ky], sigma: [sx, sy] }: GaussianBlurParameters,
): Float64Array {
  const rows = alongRows(new Float64Array(data), gaussian(kx, sx), width);
  return alongColumns(rows, gaussian(ky, sy), 3 * width);
}

/**
 * A function that gives element `i` as torch's float32 convolution does: weights of both axes are
 * multiplied first, and each product is added with one rounding, row by row.
 */
function convolution(image: Image, { kernelSize, sigma }: GaussianBlurParameters) {
  const { width, height, data } = image;
  const kx = gaussian(kernelSize[0], sigma[0], Math.fround);
  const ky = gaussian(kernelSize[1], sigma[1], Math.fround);
  return (i: number) => {
    const [row, column] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width];
    let sum = 0;
    ky.forEach((wy, y) => {
      const from = mirror(row + y - (ky.length - 1) / 2, height) * width;
      kx.forEach((wx, x) => {
        const at = from + mirror(column + x - (kx.length - 1) / 2, width);
        sum = Math.fround(sum + Math.fround(wx * wy) * data[3 * at + i % 3]!);
      });
    });
    return sum;
  };
}

/** Closer to a half than this, how torch rounds on its way decides about a byte. */
const NEAR_HALF = 1e-3;

function blurBytes(image: Image, parameters: GaussianBlurParameters): Image {
  const exact = convolution(image, parameters);
  const smooth = blurred(image, parameters);
  const data = new Uint8Array(smooth.length);
  for (let i = 0; i < data.length; i++) {
    const x = smooth[i]!;
    const near = Math.abs(x - Math.floor(x) - 0.5) < NEAR_HALF;
    data[i] = near ? roundEven(exact(i)) : Math.floor(x + 0.5);
  }
  return { ...image, data };
}

/** The image blurred: torchvision's `gaussian_blur`, halves rounded to even on bytes. */
export const gaussianBlur: Operation<GaussianBlurParameters> = operation("gaussianBlur", {
  apply: blurBytes,
  applyFloat: (image, parameters) => {
    return { ...image, data: new Float32Array(blurred(image, parameters)) };
  },
});

function kernelSize(): Field<number | Pair> {
  const isOdd = (v: unknown) => Number.isInteger(v) && v as number > 0 && v as number % 2 === 1;
  return field<number | Pair>(
    "an odd number of pixels, or [along rows, along columns]",
    (v) => isOdd(v) || Array.isArray(v) && v.length === 2 && v.every(isOdd),
  );
}

/** torchvision's `GaussianBlur`: the same standard deviation along both axes, uniform in a range. */
export const randomGaussianBlur: Transform<GaussianBlurOptions> = transform<GaussianBlurOptions>(
  "GaussianBlur",
  {
    fields: {
      kernelSize: kernelSize(),
      sigma: numberOrInterval({ one: { above: 0 }, two: { above: 0 } }, [0.1, 2]),
    },
    operations: [gaussianBlur],
    random: true,
    sample(random, _, { kernelSize: k, sigma }) {
      const s = between(random, typeof sigma === "number" ? [sigma, sigma] : sigma);
      const sizes: Pair = typeof k === "number" ? [k, k] : k;
      return [gaussianBlur({ kernelSize: sizes, sigma: [s, s] })];
    },
  },
);
