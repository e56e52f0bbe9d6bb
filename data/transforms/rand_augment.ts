/** A few operations of one strength: torchvision's `RandAugment`. */
import {
  type AugmentationName,
  AUGMENTATIONS,
  roundsOfAugmentations,
  SPACES,
} from "./augmentation_space.ts";
import { atBin } from "./auto_augment.ts";
import { pick } from "./chance.ts";
import {
  type Fill,
  fillOrNull,
  type Interpolation,
  interpolation as interpolationField,
  refuse,
  whole,
} from "./fields.ts";
import { type Transform, transform } from "./transform.ts";

/** Options of {@linkcode randAugment}. */
export interface RandAugmentOptions {
  /** How many operations. Default 2. */
  readonly numOps?: number;
  /** Bin of their strength, from 0. Default 9. */
  readonly magnitude?: number;
  /** Number of bins. Default 31. */
  readonly numMagnitudeBins?: number;
  /** How warps read the image. Default "nearest". */
  readonly interpolation?: Interpolation;
  /** Level of what comes from outside. Default null: black that nothing blends with. */
  readonly fill?: Fill | null;
}

/** The operations of RandAugment and TrivialAugment, in torchvision's order. */
export const RANDOM_AUGMENTATIONS = [
  "Identity",
  "ShearX",
  "ShearY",
  "TranslateX",
  "TranslateY",
  "Rotate",
  "Brightness",
  "Color",
  "Contrast",
  "Sharpness",
  "Posterize",
  "Solarize",
  "AutoContrast",
  "Equalize",
] as const satisfies readonly AugmentationName[];

/** torchvision's `RandAugment`: draws each operation, then its sign. */
export const randAugment: Transform<RandAugmentOptions> = transform<RandAugmentOptions>(
  "RandAugment",
  {
    fields: {
      numOps: whole({ least: 1 }, 2),
      magnitude: whole({ least: 0 }, 9),
      numMagnitudeBins: whole({ least: 2 }, 31),
      interpolation: interpolationField("nearest"),
      fill: fillOrNull(),
    },
    operations: AUGMENTATIONS,
    random: true,
    sample(random, image, { numOps, magnitude: bin, numMagnitudeBins, ...warp }) {
      const space = { ...SPACES.RandAugment, bins: numMagnitudeBins };
      return Array.from({ length: numOps }, () => pick(random, RANDOM_AUGMENTATIONS))
        .flatMap((name) => atBin(random, name, { bin, space, image, warp }));
    },
    rounds: ({ numOps }) => roundsOfAugmentations(numOps),
    check({ magnitude, numMagnitudeBins }, at) {
      if (magnitude >= numMagnitudeBins) {
        throw refuse(`${at}.magnitude`, magnitude, `a bin below ${numMagnitudeBins}`);
      }
    },
  },
);
