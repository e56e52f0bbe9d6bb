/** A pair of operations that a search found useful: torchvision's `AutoAugment`. */
import {
  augmentation,
  type AugmentationName,
  AUGMENTATIONS,
  magnitude,
  roundsOfAugmentations,
  type Space,
  SPACES,
  type WarpChoice,
} from "./augmentation_space.ts";
import type { Size } from "../image.ts";
import type { Random } from "../random.ts";
import { pick } from "./chance.ts";
import {
  type Fill,
  fillOrNull,
  type Interpolation,
  interpolation as interpolationField,
  word,
} from "./fields.ts";
import { POLICIES, type PolicyName } from "./policies.ts";
import { type Drawn, type Transform, transform } from "./transform.ts";

/** Options of {@linkcode autoAugment}. */
export interface AutoAugmentOptions {
  /** The data set that the policy was found on. Default "imagenet". */
  readonly policy?: PolicyName;
  /** How warps read the image. Default "nearest". */
  readonly interpolation?: Interpolation;
  /** Level of what comes from outside. Default null: black that nothing blends with. */
  readonly fill?: Fill | null;
}

/** One operation at a bin, with a random sign where it has one. */
export function atBin(
  random: Random,
  name: AugmentationName,
  { bin, space, image, warp }: {
    readonly bin: number;
    readonly space: Space;
    readonly image: Size;
    readonly warp: WarpChoice;
  },
): readonly Drawn[] {
  const strength = magnitude(name, bin, { space, image });
  const sign = strength?.signed && random() < 0.5 ? -1 : 1;
  return augmentation(name, sign * (strength?.value ?? 0), warp);
}

/** torchvision's `AutoAugment`: draws the pair, then for each part whether it happens, then its sign. */
export const autoAugment: Transform<AutoAugmentOptions> = transform<AutoAugmentOptions>(
  "AutoAugment",
  {
    fields: {
      policy: word<PolicyName>(["imagenet", "cifar10", "svhn"], "imagenet"),
      interpolation: interpolationField("nearest"),
      fill: fillOrNull(),
    },
    operations: AUGMENTATIONS,
    random: true,
    sample(random, image, { policy, ...warp }) {
      const space = SPACES.AutoAugment;
      return pick(random, POLICIES[policy]).flatMap(([name, p, bin]) =>
        random() < p ? atBin(random, name, { bin: bin ?? 0, space, image, warp }) : []
      );
    },
    rounds: () => roundsOfAugmentations(2),
  },
);
