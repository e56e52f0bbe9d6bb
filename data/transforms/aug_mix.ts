/** A mean of the image and chains of operations on it: torchvision's `AugMix`. */
import {
  type AugmentationName,
  AUGMENTATIONS,
  magnitude,
  roundsOfAugmentations,
  SPACES,
} from "./augmentation_space.ts";
import { atBin } from "./auto_augment.ts";
import { dirichlet, integer, pick } from "./chance.ts";
import {
  type Fill,
  fillOrNull,
  flag,
  type Interpolation,
  interpolation as interpolationField,
  number,
  whole,
} from "./fields.ts";
import { type Drawn, type Operation, operation, type Transform, transform } from "./transform.ts";

/** What is mixed. */
export interface MixtureParameters {
  /** Weight of the image itself. */
  readonly weight: number;
  /** Chains of operations and their weights; all weights sum to 1. */
  readonly chains: readonly { readonly weight: number; readonly drawn: readonly Drawn[] }[];
}

/** Options of {@linkcode augMix}. */
export interface AugMixOptions {
  /** How many of the 10 bins of strength are used, from the weakest. Default 3. */
  readonly severity?: number;
  /** Number of chains. Default 3. */
  readonly mixtureWidth?: number;
  /** Operations in a chain; below 1 for 1 to 3. Default −1. */
  readonly chainDepth?: number;
  /** Of the Dirichlet distributions of the weights. Default 1. */
  readonly alpha?: number;
  /** Whether brightness, colour, contrast and sharpness are among the operations. Default true. */
  readonly allOps?: boolean;
  /** How warps read the image. Default "bilinear". */
  readonly interpolation?: Interpolation;
  /** Level of what comes from outside. Default null: black that nothing blends with. */
  readonly fill?: Fill | null;
}

/** The weighted mean of the image and what chains of operations make of it; cut towards 0. */
export const mixture: Operation<MixtureParameters> = operation("mixture", {
  async apply(image, { weight, chains }, { run }) {
    const sums = new Float32Array(image.data).map((x) => weight * x);
    for (const chain of chains) {
      const { data } = await run(image, chain.drawn);
      for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + chain.weight * data[i]!;
    }
    return { ...image, data: new Uint8Array(sums.map((x) => Math.min(255, Math.max(0, x)))) };
  },
});

const NAMES: readonly AugmentationName[] = [
  "ShearX",
  "ShearY",
  "TranslateX",
  "TranslateY",
  "Rotate",
  "Posterize",
  "Solarize",
  "AutoContrast",
  "Equalize",
];
const ALL_NAMES = [...NAMES, "Brightness", "Color", "Contrast", "Sharpness"] as const;

/** torchvision's `AugMix`: draws the weights, then for each chain its depth, operations, bins and signs. */
export const augMix: Transform<AugMixOptions> = transform<AugMixOptions>("AugMix", {
  fields: {
    severity: whole({ least: 1, most: 10 }, 3),
    mixtureWidth: whole({ least: 1 }, 3),
    chainDepth: whole({ least: -1 }, -1),
    alpha: number({ above: 0 }, 1),
    allOps: flag(true),
    interpolation: interpolationField("bilinear"),
    fill: fillOrNull(),
  },
  operations: [mixture, ...AUGMENTATIONS],
  random: true,
  sample(random, image, options) {
    const { severity, mixtureWidth, chainDepth, alpha, allOps, ...warp } = options;
    const [own, others] = dirichlet(random, 2, alpha) as [number, number];
    const weights = dirichlet(random, mixtureWidth, alpha);
    const space = SPACES.AugMix;
    const chains = weights.map((share) => {
      const depth = chainDepth > 0 ? chainDepth : integer(random, 1, 4);
      const drawn = Array.from({ length: depth }, () => {
        const name = pick(random, allOps ? ALL_NAMES : NAMES);
        const bin = magnitude(name, 0, { space, image }) ? integer(random, 0, severity) : 0;
        return atBin(random, name, { bin, space, image, warp });
      });
      return { weight: others * share, drawn: drawn.flat() };
    });
    return [mixture({ weight: own, chains })];
  },
  rounds({ mixtureWidth, chainDepth }) {
    const chain = roundsOfAugmentations(chainDepth > 0 ? chainDepth : 3);
    const chains = Array.from({ length: mixtureWidth }, () => chain);
    return [{ operations: [mixture.name], chains }];
  },
});
