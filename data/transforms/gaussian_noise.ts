/** Adding noise to every channel of every pixel: torchvision's `GaussianNoise`. */
import { flag, number } from "./fields.ts";
import { noiseSeed, normalAt } from "./noise.ts";
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

function noisy(x: number, i: number, { mean, sigma, seed }: GaussianNoiseParameters): number {
  return x + mean + sigma * normalAt(seed, Math.floor(i / 3), i % 3);
}

/** The image with noise added: torchvision's `gaussian_noise`; bytes are rounded. */
export const gaussianNoise: Operation<GaussianNoiseParameters> = operation("gaussianNoise", {
  apply: (image, parameters) => ({
    ...image,
    data: image.data.map((x, i) =>
      Math.min(255, Math.max(0, roundEven(255 * noisy(x / 255, i, parameters))))
    ),
  }),
  applyFloat: (image, parameters) => ({
    ...image,
    data: image.data.map((x, i) => {
      const y = noisy(x, i, parameters);
      return parameters.clip ? Math.min(1, Math.max(0, y)) : y;
    }),
  }),
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
