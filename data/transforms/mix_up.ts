/** The mean of two images and of their targets: torchvision's `MixUp`. */
import { dirichlet } from "./chance.ts";
import { number } from "./fields.ts";
import { type Mixing, mixing, type Transform, transform } from "./transform.ts";

/** How images are mixed. */
export interface MixUpParameters {
  /** Share of an image itself; the one before it has the rest. */
  readonly lambda: number;
}

/** Options of {@linkcode mixUp}. */
export interface MixUpOptions {
  /** Of the distribution Beta(α, α) of the share. Default 1: all shares are as probable. */
  readonly alpha?: number;
}

/** λ x + (1 − λ) times the image before: torchvision's `MixUp` with a given share. */
export const meanOfTwo: Mixing<MixUpParameters> = mixing("mixUp", {
  mix(images, old, { shape: { n }, parameters: { lambda } }) {
    const one = images.length / n;
    const half = images instanceof Uint8Array ? 0.5 : 0;
    for (let i = 0; i < images.length; i++) {
      const before = old[i < one ? images.length - one + i : i - one]!;
      images[i] = lambda * old[i]! + (1 - lambda) * before + half;
    }
  },
  share: ({ lambda }) => lambda,
});

/** torchvision's `MixUp`: one share for a batch. */
export const mixUp: Transform<MixUpOptions> = transform<MixUpOptions>("MixUp", {
  fields: { alpha: number({ above: 0 }, 1) },
  operations: [meanOfTwo],
  random: true,
  batch: true,
  sample: (random, _, { alpha }) => [meanOfTwo({ lambda: dirichlet(random, 2, alpha)[0]! })],
});
