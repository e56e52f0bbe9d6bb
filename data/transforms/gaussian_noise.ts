/** Adding noise to every channel of every pixel: torchvision's `GaussianNoise`. */
import { flag, number } from "./fields.ts";
import type { Raster } from "../image.ts";
import { noiseSeed, normalsAt } from "./noise.ts";
import { roundEven } from "./chance.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** Which noise. */
export interface GaussianNoiseParameters {
  /** Mean, where 1 is the range of a channel. */
  readonly mean: number;
  /** Standard deviation, where 1 is the range of a channel. */
  readonly sigma: number;
  /** Whether numbers are cut to 0 … 1; bytes always are. */
  readonly clip: boolean;
  /** Says the noise: a whole number below 2²⁴. */
  readonly seed: number;
}

/** Options of {@linkcode randomGaussianNoise}. */
export interface GaussianNoiseOptions {
  /** Mean, where 1 is the range of a channel. Default 0. */
  readonly mean?: number;
  /** Standard deviation, where 1 is the range of a channel. Default 0.1. */
  readonly sigma?: number;
  /** Whether numbers are cut to 0 … 1; bytes always are. Default true. */
  readonly clip?: boolean;
}

/** Noise for each channel of each pixel, in ranges of a channel. */
function noiseFor({ data }: Raster, { mean, sigma, seed }: GaussianNoiseParameters): Float64Array {
  const noise = new Float64Array(data.length);
  const normals = new Float64Array(3);
  for (let i = 0; i < data.length; i += 3) {
    normalsAt(seed, i / 3, normals);
    for (let c = 0; c < 3; c++) noise[i + c] = mean + sigma * normals[c]!;
  }
  return noise;
}

/** The image with noise added: torchvision's `gaussian_noise`; bytes are rounded. */
export const gaussianNoise: Operation<GaussianNoiseParameters> = operation("gaussianNoise", {
  apply(image, parameters) {
    const noise = noiseFor(image, parameters);
    const noisy = (x: number, i: number) =>
      Math.min(255, Math.max(0, roundEven(x + 255 * noise[i]!)));
    return { ...image, data: image.data.map(noisy) };
  },
  applyFloat(image, parameters) {
    const noise = noiseFor(image, parameters);
    const noisy = (x: number, i: number) => {
      const y = x + noise[i]!;
      return parameters.clip ? Math.min(1, Math.max(0, y)) : y;
    };
    return { ...image, data: image.data.map(noisy) };
  },
});

/** torchvision's `GaussianNoise`: another noise for each image. */
export const randomGaussianNoise: Transform<GaussianNoiseOptions> = transform<GaussianNoiseOptions>(
  "GaussianNoise",
  {
    fields: { mean: number({}, 0), sigma: number({ least: 0 }, 0.1), clip: flag(true) },
    operations: [gaussianNoise],
    random: true,
    sample: (random, _, options) => [gaussianNoise({ ...options, seed: noiseSeed(random) })],
  },
);
