/** Bending an image as if it were rubber: torchvision's `elastic` and `ElasticTransform`. */
import { type FloatImage, type Image, type Size, toFloat } from "../image.ts";
import { roundEven } from "./chance.ts";
import { type Fill, fill, type Interpolation, interpolation, number } from "./fields.ts";
import { blurred } from "./gaussian_blur.ts";
import { noiseAt, noiseSeed } from "./noise.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";
import { readMoved } from "./warp.ts";

/** How an image is bent. */
export interface ElasticParameters {
  /** How strongly. */
  readonly alpha: number;
  /** How smoothly: standard deviation of the blur of the shifts, in pixels. */
  readonly sigma: number;
  readonly interpolation: Interpolation;
  readonly fill: Fill;
  /** Says the shifts: a whole number below 2²⁴. */
  readonly seed: number;
}

/** Options of {@linkcode elasticTransform}. */
export interface ElasticTransformOptions {
  /** How strongly. Default 50. */
  readonly alpha?: number;
  /** How smoothly: standard deviation of the blur of the shifts, in pixels. Default 5. */
  readonly sigma?: number;
  /** Default "bilinear". */
  readonly interpolation?: Interpolation;
  /** Level of what comes from outside. Default 0. */
  readonly fill?: Fill;
}

/**
 * Shifts to the right and down of each pixel, in pixels: noise from −1 to 1, blurred, times α / h for
 * the one and α / w for the other, in units of half a side, as torchvision draws them. [h, w, 3], the
 * third is unused.
 */
export function shifts({ width, height }: Size, parameters: ElasticParameters): Float64Array {
  const { alpha, sigma, seed } = parameters;
  const noise = new Float64Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    noise[3 * i] = 2 * noiseAt(seed, 4 * i) - 1;
    noise[3 * i + 1] = 2 * noiseAt(seed, 4 * i + 1) - 1;
  }
  const taps = Math.trunc(8 * sigma + 1);
  const kernel = taps + (taps % 2 === 0 ? 1 : 0);
  const smooth = sigma === 0 ? noise : blurred({ width, height, data: noise }, {
    kernelSize: [kernel, kernel],
    sigma: [sigma, sigma],
  });
  const factors = [alpha / height * width / 2, alpha / width * height / 2, 0];
  return smooth.map((d, i) => d * factors[i % 3]!);
}

function bent(image: FloatImage, parameters: ElasticParameters): FloatImage {
  const moved = shifts(image, parameters);
  return readMoved(image, parameters, (i) => [moved[3 * i]!, moved[3 * i + 1]!]);
}

/** The image bent: torchvision's `elastic`; bytes are rounded, halves to even. */
export const elastic: Operation<ElasticParameters> = operation("elastic", {
  apply(image: Image, parameters) {
    const { data } = bent(toFloat(image), parameters);
    return { ...image, data: new Uint8Array(data.map((x) => roundEven(x * 255))) };
  },
  applyFloat: bent,
});

/** torchvision's `ElasticTransform`: other shifts for each image. */
export const elasticTransform: Transform<ElasticTransformOptions> = transform<
  ElasticTransformOptions
>("ElasticTransform", {
  fields: {
    alpha: number({ least: 0 }, 50),
    sigma: number({ least: 0 }, 5),
    interpolation: interpolation("bilinear"),
    fill: fill(),
  },
  operations: [elastic],
  random: true,
  sample: (random, _, options) => [elastic({ ...options, seed: noiseSeed(random) })],
});
