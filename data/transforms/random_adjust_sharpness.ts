/** Sharper or softer: torchvision's `adjust_sharpness` and `RandomAdjustSharpness`. */
import type { Raster } from "../image.ts";
import { blendBytes, blendFloats } from "./blend.ts";
import { gate, type GateOptions } from "./chance.ts";
import type { FactorParameters } from "./color.ts";
import { number, probability } from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** Options of {@linkcode randomAdjustSharpness}. */
export interface RandomAdjustSharpnessOptions extends GateOptions {
  /** 0 is softened, 1 unchanged, 2 twice as sharp. */
  readonly sharpnessFactor: number;
}

/** What a 3 × 3 filter of ones with a 5 in the middle makes of element `i`; the border stays. */
function softened({ width, height, data }: Raster, i: number): number {
  const stride = 3 * width;
  const [row, column] = [Math.floor(i / stride), Math.floor(i % stride / 3)];
  if (row === 0 || column === 0 || row === height - 1 || column === width - 1) return data[i]!;
  let sum = 4 * data[i]!;
  for (let k = i - stride; k <= i + stride; k += stride) {
    sum += data[k - 3]! + data[k]! + data[k + 3]!;
  }
  return sum / 13;
}

/** Mixes with a softened image: torchvision's `adjust_sharpness`. */
export const sharpness: Operation<FactorParameters> = operation("sharpness", {
  apply: (image, { factor }) =>
    blendBytes(image, (i) => Math.floor(softened(image, i) + 0.5), factor),
  applyFloat: (image, { factor }) => blendFloats(image, (i) => softened(image, i), factor),
});

/** torchvision's `RandomAdjustSharpness`: with probability `p`. */
export const randomAdjustSharpness: Transform<RandomAdjustSharpnessOptions> = transform<
  RandomAdjustSharpnessOptions
>("RandomAdjustSharpness", {
  fields: { sharpnessFactor: number({ least: 0 }), p: probability(0.5) },
  operations: [sharpness],
  random: true,
  sample: (random, _, { sharpnessFactor, p }) =>
    gate(random, p, () => [sharpness({ factor: sharpnessFactor })]),
});
