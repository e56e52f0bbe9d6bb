/** One operation of any strength: torchvision's `TrivialAugmentWide`. */
import { AUGMENTATIONS, magnitude, SPACES } from "./augmentation_space.ts";
import { atBin } from "./auto_augment.ts";
import { integer, pick } from "./chance.ts";
import {
  type Fill,
  fillOrNull,
  type Interpolation,
  interpolation as interpolationField,
  whole,
} from "./fields.ts";
import { RANDOM_AUGMENTATIONS } from "./rand_augment.ts";
import { type Transform, transform } from "./transform.ts";

/** Options of {@linkcode trivialAugmentWide}. */
export interface TrivialAugmentWideOptions {
  /** Number of bins of strength. Default 31. */
  readonly numMagnitudeBins?: number;
  /** How warps read the image. Default "nearest". */
  readonly interpolation?: Interpolation;
  /** Level of what comes from outside. Default null: black that nothing blends with. */
  readonly fill?: Fill | null;
}

/** torchvision's `TrivialAugmentWide`: draws the operation, then its bin, then its sign. */
export const trivialAugmentWide: Transform<TrivialAugmentWideOptions> = transform<
  TrivialAugmentWideOptions
>("TrivialAugmentWide", {
  fields: {
    numMagnitudeBins: whole({ least: 2 }, 31),
    interpolation: interpolationField("nearest"),
    fill: fillOrNull(),
  },
  operations: AUGMENTATIONS,
  random: true,
  sample(random, image, { numMagnitudeBins: bins, ...warp }) {
    const space = { ...SPACES.TrivialAugmentWide, bins };
    const name = pick(random, RANDOM_AUGMENTATIONS);
    const bin = magnitude(name, 0, { space, image }) ? integer(random, 0, bins) : 0;
    return atBin(random, name, { bin, space, image, warp });
  },
});
