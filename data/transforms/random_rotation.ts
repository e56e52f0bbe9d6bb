/** Turning by a random angle: torchvision's `RandomRotation`. */
import { between } from "./chance.ts";
import {
  type Fill,
  fill,
  flag,
  type Interpolation,
  interpolation,
  numberOrInterval,
  type Pair,
  pairOrNull,
  symmetric,
} from "./fields.ts";
import { rotate } from "./rotation.ts";
import { type Transform, transform } from "./transform.ts";

/** Options of {@linkcode randomRotation}. */
export interface RandomRotationOptions {
  /** Largest angle in degrees to either side, or [from, to], counter-clockwise. */
  readonly degrees: number | Pair;
  /** Default "nearest". */
  readonly interpolation?: Interpolation;
  /** Whether the result is large enough for all corners. Default false. */
  readonly expand?: boolean;
  /** The point that stays, [x, y] in pixels. Default null: the middle. */
  readonly center?: Pair | null;
  /** Level of what comes from outside. Default 0. */
  readonly fill?: Fill;
}

/** torchvision's `RandomRotation`: turns about a point by an angle that is uniform in a range. */
export const randomRotation: Transform<RandomRotationOptions> = transform<RandomRotationOptions>(
  "RandomRotation",
  {
    fields: {
      degrees: numberOrInterval({ one: { least: 0 } }),
      interpolation: interpolation("nearest"),
      expand: flag(false),
      center: pairOrNull(),
      fill: fill(),
    },
    operations: [rotate],
    random: true,
    sample: (random, _, { degrees, ...rest }) => [
      rotate({ angle: between(random, symmetric(degrees)), ...rest }),
    ],
    resized: (size, { expand }) => expand ? undefined : size,
  },
);
