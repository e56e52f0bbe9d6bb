/** Turning, shifting, scaling and shearing at once: torchvision's `affine` and `RandomAffine`. */
import type { Size } from "../image.ts";
import { between, roundEven } from "./chance.ts";
import {
  type Field,
  field,
  type Fill,
  fill,
  type Interpolation,
  interpolation,
  numberOrInterval,
  type Pair,
  pairOrNull,
  symmetric,
} from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";
import { type Coefficients, warpBytes, warpFloats } from "./warp.ts";

/** An affine map about a point. */
export interface AffineParameters {
  /** Degrees, clockwise. */
  readonly angle: number;
  /** Pixels to the right and down. */
  readonly translate: Pair;
  /** Factor of sizes. */
  readonly scale: number;
  /** Degrees along x and along y. */
  readonly shear: Pair;
  readonly interpolation: Interpolation;
  readonly fill: Fill | null;
  /** The point that stays, [x, y] in pixels; null is the middle. */
  readonly center: Pair | null;
}

/** Options of {@linkcode randomAffine}. */
export interface RandomAffineOptions {
  /** Largest angle in degrees to either side, or [from, to], clockwise. */
  readonly degrees: number | Pair;
  /** Largest shift to either side, as shares of width and height. Default null: none. */
  readonly translate?: Pair | null;
  /** Range of the factor of sizes. Default null: 1. */
  readonly scale?: Pair | null;
  /** Largest shear along x, [from, to] along x, or that and [from, to] along y. Default null: none. */
  readonly shear?: Shear | null;
  /** Default "nearest". */
  readonly interpolation?: Interpolation;
  /** Level of what comes from outside. Default 0. */
  readonly fill?: Fill;
  /** The point that stays, [x, y] in pixels. Default null: the middle. */
  readonly center?: Pair | null;
}

/** Ranges of shears in degrees. */
export type Shear = number | Pair | readonly [number, number, number, number];

/** Where pixels come from: `_get_inverse_affine_matrix` of torchvision, in pixels of the image. */
export function affineCoefficients(
  { width, height }: Size,
  { angle, translate: [tx, ty], scale, shear, center }: Omit<
    AffineParameters,
    "interpolation" | "fill"
  >,
): Coefficients {
  const [cx, cy] = center ?? [width * 0.5, height * 0.5];
  const [rot, sx, sy] = [angle, ...shear].map((degrees) => degrees * (Math.PI / 180)) as [
    number,
    number,
    number,
  ];
  const a = Math.cos(rot - sy) / Math.cos(sy);
  const b = -Math.cos(rot - sy) * Math.tan(sx) / Math.cos(sy) - Math.sin(rot);
  const c = Math.sin(rot - sy) / Math.cos(sy);
  const d = -Math.sin(rot - sy) * Math.tan(sx) / Math.cos(sy) + Math.cos(rot);
  const [m0, m1, m3, m4] = [d / scale, -b / scale, -c / scale, a / scale];
  const m2 = m0 * (-cx - tx) + m1 * (-cy - ty) + cx;
  const m5 = m3 * (-cx - tx) + m4 * (-cy - ty) + cy;
  return [m0, m1, m2, m3, m4, m5, 0, 0];
}

/** The image under an affine map: torchvision's `affine`. */
export const affine: Operation<AffineParameters> = operation("affine", {
  apply: ({ width, height, data }, parameters) => {
    const coefficients = affineCoefficients({ width, height }, parameters);
    return warpBytes({ width, height, data }, { ...parameters, width, height, coefficients });
  },
  applyFloat: ({ width, height, data }, parameters) => {
    const coefficients = affineCoefficients({ width, height }, parameters);
    return warpFloats({ width, height, data }, { ...parameters, width, height, coefficients });
  },
});

function shearField(): Field<Shear | null> {
  const isNumbers = (v: unknown) =>
    Array.isArray(v) && (v.length === 2 || v.length === 4) &&
    v.every((n) => typeof n === "number" && Number.isFinite(n)) &&
    v[0] <= v[1] && !(v[2] > v[3]);
  return field<Shear | null>(
    "degrees from 0, [low, high] along x, or those and [low, high] along y in one list of four,",
    (v) => v === null || typeof v === "number" && v >= 0 || isNumbers(v),
    null,
  );
}

/**
 * torchvision's `RandomAffine`: draws angle, shift to the right, shift down, scale, shear along x and
 * along y, each of them only where it has a range; shifts are whole pixels.
 */
export const randomAffine: Transform<RandomAffineOptions> = transform<RandomAffineOptions>(
  "RandomAffine",
  {
    fields: {
      degrees: numberOrInterval({ one: { least: 0 } }),
      translate: pairOrNull({ least: 0, most: 1 }),
      scale: field<Pair | null>(
        "[low, high], numbers above 0, or null,",
        (v) =>
          v === null ||
          Array.isArray(v) && v.length === 2 && v.every((n) => typeof n === "number" && n > 0) &&
            v[0] <= v[1],
        null,
      ),
      shear: shearField(),
      interpolation: interpolation("nearest"),
      fill: fill(),
      center: pairOrNull(),
    },
    operations: [affine],
    random: true,
    sample(random, { width, height }, options) {
      const angle = between(random, symmetric(options.degrees));
      const [sx, sy] = options.translate ?? [0, 0];
      const shift = (share: number, side: number) =>
        options.translate === null ? 0 : roundEven(between(random, [-share * side, share * side]));
      const translate: Pair = [shift(sx, width), shift(sy, height)];
      const scale = options.scale === null ? 1 : between(random, options.scale);
      const ranges = options.shear === null
        ? []
        : typeof options.shear === "number"
        ? [symmetric(options.shear)]
        : [options.shear.slice(0, 2), options.shear.slice(2)];
      const [shearX = 0, shearY = 0] = ranges.map((range) =>
        range.length === 2 ? between(random, range as unknown as Pair) : 0
      );
      const { interpolation, fill, center } = options;
      const shear: Pair = [shearX, shearY];
      return [affine({ angle, translate, scale, shear, interpolation, fill, center })];
    },
  },
);
