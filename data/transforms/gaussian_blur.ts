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
export function gaussian(
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

/** A filter along one axis: lines of `n` values that are `step` apart in `x`. */
function along(
  x: Float64Array,
  weights: readonly number[],
  { n, step }: { readonly n: number; readonly step: number },
): Float64Array {
  const y = new Float64Array(x.length);
  const half = (weights.length - 1) / 2;
  const span = n * step;
  for (let line = 0; line < x.length; line += span) {
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < weights.length; k++) {
        const w = weights[k]!;
        const from = line + mirror(i + k - half, n) * step;
        const to = line + i * step;
        for (let s = 0; s < step; s++) y[to + s] = y[to + s]! + w * x[from + s]!;
      }
    }
  }
  return y;
}

/** Three channels blurred, in float64; edges are mirrored. */
export function blurred(
  { width, height, data }: Omit<FloatImage, "data"> & { readonly data: ArrayLike<number> },
  { kernelSize: [kx, ky], sigma: [sx, sy] }: GaussianBlurParameters,
): Float64Array {
  const rows = along(Float64Array.from(data), gaussian(kx, sx), { n: width, step: 3 });
  return along(rows, gaussian(ky, sy), { n: height, step: 3 * width });
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
  const level = (x: number, i: number) =>
    roundEven(Math.abs(x - Math.floor(x) - 0.5) < NEAR_HALF ? exact(i) : x);
  return { ...image, data: Uint8Array.from(blurred(image, parameters), level) };
}

/** The image blurred: torchvision's `gaussian_blur`, halves rounded to even on bytes. */
export const gaussianBlur: Operation<GaussianBlurParameters> = operation("gaussianBlur", {
  apply: blurBytes,
  applyFloat: (image, parameters) => {
    return { ...image, data: Float32Array.from(blurred(image, parameters)) };
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
