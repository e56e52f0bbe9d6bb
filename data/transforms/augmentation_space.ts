/** The operations of the AutoAugment family and how strong they are at each bin. Chooses none. */
import type { Size } from "../image.ts";
import { roundEven } from "./chance.ts";
import { brightness, contrast, saturation } from "./color.ts";
import type { Fill, Interpolation } from "./fields.ts";
import { sharpness } from "./random_adjust_sharpness.ts";
import { affine } from "./random_affine.ts";
import { autocontrast } from "./random_autocontrast.ts";
import { equalize } from "./random_equalize.ts";
import { invert } from "./random_invert.ts";
import { posterize } from "./random_posterize.ts";
import { solarize } from "./random_solarize.ts";
import { rotate } from "./rotation.ts";
import type { Drawn, Round } from "./transform.ts";

/** Names of the operations, the papers' and torchvision's. */
export type AugmentationName =
  | "Identity"
  | "ShearX"
  | "ShearY"
  | "TranslateX"
  | "TranslateY"
  | "Rotate"
  | "Brightness"
  | "Color"
  | "Contrast"
  | "Sharpness"
  | "Posterize"
  | "Solarize"
  | "AutoContrast"
  | "Equalize"
  | "Invert";

/** How warps read the image. */
export interface WarpChoice {
  readonly interpolation: Interpolation;
  /** Level of what comes from outside; null is black that nothing blends with. */
  readonly fill: Fill | null;
}

/** All operations that {@linkcode augmentation} may give. */
export const AUGMENTATIONS = [
  affine,
  rotate,
  brightness,
  saturation,
  contrast,
  sharpness,
  posterize,
  solarize,
  autocontrast,
  equalize,
  invert,
] as const;

/** Rounds for a number of operations in any order. */
export function roundsOfAugmentations(count: number): readonly Round[] {
  const operations = AUGMENTATIONS.map(({ name }) => name);
  return Array.from({ length: count }, () => ({ operations }));
}

/** One operation at a magnitude, as torchvision's `_apply_op` does it. */
export function augmentation(
  name: AugmentationName,
  magnitude: number,
  warp: WarpChoice,
): readonly Drawn[] {
  const degrees = Math.atan(magnitude) * (180 / Math.PI);
  const still = { angle: 0, translate: [0, 0], scale: 1, shear: [0, 0], center: null } as const;
  const factor = 1 + magnitude;
  switch (name) {
    case "Identity":
      return [];
    case "ShearX":
      return [affine({ ...still, ...warp, shear: [degrees, 0], center: [0, 0] })];
    case "ShearY":
      return [affine({ ...still, ...warp, shear: [0, degrees], center: [0, 0] })];
    case "TranslateX":
      return [affine({ ...still, ...warp, translate: [Math.trunc(magnitude), 0] })];
    case "TranslateY":
      return [affine({ ...still, ...warp, translate: [0, Math.trunc(magnitude)] })];
    case "Rotate":
      return [rotate({ angle: magnitude, expand: false, center: null, ...warp })];
    case "Brightness":
      return [brightness({ factor })];
    case "Color":
      return [saturation({ factor })];
    case "Contrast":
      return [contrast({ factor })];
    case "Sharpness":
      return [sharpness({ factor })];
    case "Posterize":
      return [posterize({ bits: magnitude })];
    case "Solarize":
      return [solarize({ threshold: magnitude })];
    case "AutoContrast":
      return [autocontrast({})];
    case "Equalize":
      return [equalize({})];
    case "Invert":
      return [invert({})];
  }
}

/** How strong the operations of a method are at its last bin. */
export interface Space {
  /** Number of bins. */
  readonly bins: number;
  /** Shear as a slope. */
  readonly shear: number;
  /** Shift in pixels for a side of an image. */
  readonly translate: (side: number) => number;
  /** Degrees. */
  readonly rotate: number;
  /** Change of a factor of brightness, colour, contrast and sharpness. */
  readonly factor: number;
  /** Bits that stay at the first bin, and how many fewer at the last. */
  readonly posterize: readonly [most: number, fewer: number];
}

/** AutoAugment's and RandAugment's share of a side, of the papers' 331 pixels. */
const SHARE = 150 / 331;

const WIDE = {
  shear: 0.3,
  translate: (side: number) => SHARE * side,
  rotate: 30,
  factor: 0.9,
  posterize: [8, 4],
} as const;

/** The methods' spaces, as torchvision has them. */
export const SPACES = {
  AutoAugment: { bins: 10, ...WIDE },
  RandAugment: { bins: 31, ...WIDE },
  TrivialAugmentWide: {
    bins: 31,
    shear: 0.99,
    translate: () => 32,
    rotate: 135,
    factor: 0.99,
    posterize: [8, 6],
  },
  AugMix: { bins: 10, ...WIDE, translate: (side: number) => side / 3, posterize: [4, 4] },
} as const satisfies Readonly<Record<string, Space>>;

/** A magnitude, and whether its sign is chosen too. */
export interface Magnitude {
  readonly value: number;
  readonly signed: boolean;
}

/** How strong an operation is at a bin, from 0; undefined where it has no strength. */
export function magnitude(
  name: AugmentationName,
  bin: number,
  { space, image }: { readonly space: Space; readonly image: Size },
): Magnitude | undefined {
  const last = space.bins - 1;
  const part = bin / last;
  const signed = (most: number): Magnitude => ({ value: most * part, signed: true });
  switch (name) {
    case "ShearX":
    case "ShearY":
      return signed(space.shear);
    case "TranslateX":
      return signed(space.translate(image.width));
    case "TranslateY":
      return signed(space.translate(image.height));
    case "Rotate":
      return signed(space.rotate);
    case "Brightness":
    case "Color":
    case "Contrast":
    case "Sharpness":
      return signed(space.factor);
    case "Posterize": {
      const [most, fewer] = space.posterize;
      return { value: roundEven(most - bin / (last / fewer)), signed: false };
    }
    case "Solarize":
      return { value: 255 * (last - bin) / last, signed: false };
    default:
      return undefined;
  }
}
