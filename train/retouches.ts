/** Operations of pipelines as the numbers that a device retouches images by. Chooses and runs none. */

import type { Size } from "../data/image.ts";
import type { Drawn } from "../data/pipeline.ts";
import type { MixtureParameters } from "../data/transforms/aug_mix.ts";
import type { FactorParameters } from "../data/transforms/color.ts";
import type { Rectangle } from "../data/transforms/crop.ts";
import type { GaussianBlurParameters } from "../data/transforms/gaussian_blur.ts";
import type { GaussianNoiseParameters } from "../data/transforms/gaussian_noise.ts";
import type { HueParameters } from "../data/transforms/hue.ts";
import type { MixUpParameters } from "../data/transforms/mix_up.ts";
import { affineCoefficients, type AffineParameters } from "../data/transforms/random_affine.ts";
import { DEVIATION, type EraseParameters, MEAN } from "../data/transforms/random_erasing.ts";
import {
  perspectiveCoefficients,
  type PerspectiveParameters,
} from "../data/transforms/random_perspective.ts";
import type { PosterizeParameters } from "../data/transforms/random_posterize.ts";
import type { SolarizeParameters } from "../data/transforms/random_solarize.ts";
import { type RotateParameters, rotation } from "../data/transforms/rotation.ts";
import {
  type Coefficients,
  fixedCoefficients,
  levels,
  type WarpOptions,
} from "../data/transforms/warp.ts";
import { projection, RETOUCH } from "../engine/ops/retouch_codes.ts";

/** Numbers of an operation, from the code on. */
type Numbers = readonly number[];

/** Nothing but what fills places outside: what is left of images whose corners coincide. */
function outside({ width: right, height: bottom }: Size, fill: WarpOptions["fill"]): Numbers {
  return [RETOUCH.erase, -1, 0, 0, 0, 0, right, bottom, ...levels(fill).map(Math.trunc)];
}

/** A warp as Pillow reads it: positions of pixels' middles, or without interpolation in units of 1/65536. */
function warp(
  coefficients: Coefficients,
  size: Size,
  { interpolation, fill }: Pick<WarpOptions, "interpolation" | "fill">,
): Numbers {
  const fixed = interpolation === "nearest" ? fixedCoefficients(coefficients, size) : undefined;
  const [a, b, c, d, e, f, g, h] = fixed ? fixed.map((v) => v / 65536) as never : coefficients;
  const middle = (p: number, q: number, r: number) => fixed ? r : p * 0.5 + q * 0.5 + r;
  if (!coefficients.every(Number.isFinite)) return outside(size, fill);
  const one = [middle(a, b, c), middle(d, e, f), middle(g, h, 1)] as const;
  return [
    ...[RETOUCH[interpolation], 0, 0, 0],
    ...projection([[a, d, g], [b, e, h], one], { ...size, fill: levels(fill).map(Math.trunc) }),
  ];
}

function eraseNumbers({ left, top, width, height, value }: EraseParameters): Numbers {
  const box = [left, top, left + width, top + height];
  if (typeof value === "object" && "seed" in value) {
    const [mean, deviation] = [MEAN, DEVIATION].map((list) => list.map((v) => 255 * v));
    return [RETOUCH.erase, value.seed, 0, 0, ...box, ...mean!, 0, ...deviation!];
  }
  return [RETOUCH.erase, -1, 0, 0, ...box, ...levels(value).map(Math.trunc)];
}

// deno-lint-ignore no-explicit-any -- each operation has parameters of its own, which come back to it
const NUMBERS: Readonly<Record<string, (parameters: any, size: Size) => Numbers>> = {
  horizontalFlip: () => [RETOUCH.mirror],
  verticalFlip: () => [RETOUCH.flip],
  affine: (p: AffineParameters, size) => warp(affineCoefficients(size, p), size, p),
  rotate: (p: RotateParameters, size) => warp(rotation(size, p).coefficients, size, p),
  perspective: (p: PerspectiveParameters, size) => warp(perspectiveCoefficients(p), size, p),
  brightness: ({ factor }: FactorParameters) => [RETOUCH.brighten, factor],
  contrast: ({ factor }: FactorParameters) => [RETOUCH.contrast, factor],
  saturation: ({ factor }: FactorParameters) => [RETOUCH.saturate, factor],
  grayscale: () => [RETOUCH.saturate, 0],
  hue: ({ shift }: HueParameters) => [RETOUCH.hue, Math.trunc(shift * 255) & 255],
  sharpness: ({ factor }: FactorParameters) => [RETOUCH.sharpen, factor],
  invert: () => [RETOUCH.solarize, 0],
  posterize: ({ bits }: PosterizeParameters) => [RETOUCH.posterize, bits],
  solarize: ({ threshold }: SolarizeParameters) => [RETOUCH.solarize, threshold],
  autocontrast: () => [RETOUCH.stretch],
  equalize: () => [RETOUCH.equalize],
  gaussianBlur: ({ kernelSize, sigma }: GaussianBlurParameters) => [
    ...[RETOUCH.blur, ...kernelSize, 0, ...sigma],
  ],
  gaussianNoise: ({ seed, mean, sigma }: GaussianNoiseParameters) => [
    ...[RETOUCH.noise, seed, 255 * mean, 255 * sigma],
  ],
  erase: eraseNumbers,
};

/** Operations whose kernel looks levels up in a table. */
const TABLES = [
  ...["brightness", "contrast", "invert", "posterize", "solarize", "autocontrast", "equalize"],
];

/** Operations that mix what others make of an image. */
const MIXTURES = ["mixture"];

/** Numbers of operations that mix a batch: the share kept, and the box that is pasted. */
// deno-lint-ignore no-explicit-any -- as above
const MIXINGS: Readonly<Record<string, (parameters: any) => Numbers>> = {
  mixUp: ({ lambda }: MixUpParameters) => [lambda],
  cutMix: ({ left, top, width, height }: Rectangle) => [1, left, top, left + width, top + height],
};

/** Whether the device can do an operation; others are done in workers. */
export function hasKernel(operation: string): boolean {
  return operation in NUMBERS || operation in MIXINGS || MIXTURES.includes(operation);
}

/** Whether any of the operations needs tables of levels. */
export function needsTables(operations: readonly string[]): boolean {
  return operations.some((name) => TABLES.includes(name));
}

/** The numbers of an operation on an image of `size`, as `retouch()` takes them; zeros may be left out at the end. */
export function retouchNumbers({ name, parameters }: Drawn, size: Size): Numbers {
  const numbers = NUMBERS[name];
  if (!numbers) throw new TypeError(`Cannot do "${name}" on the device: it has no kernel`);
  return numbers(parameters, size);
}

/** What a mixture is made of; undefined for other operations. */
export function mixtureOf({ name, parameters }: Drawn): MixtureParameters | undefined {
  return MIXTURES.includes(name) ? parameters as MixtureParameters : undefined;
}

/** The numbers of an operation on a batch, as `mixBatch()` takes them. */
export function mixNumbers({ name, parameters }: Drawn): Numbers {
  const numbers = MIXINGS[name];
  if (!numbers) throw new TypeError(`Cannot do "${name}" on the device: it does not mix batches`);
  return numbers(parameters);
}
