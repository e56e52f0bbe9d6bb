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

/** What a 3 × 3 filter of ones with a 5 in the middle leaves; the border stays. */
function softened({ width, height, data }: Raster): Float64Array {
  const stride = 3 * width;
  const soft = new Float64Array(data);
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * stride + 3; i < (y + 1) * stride - 3; i++) {
      let sum = 4 * data[i]!;
      for (let k = i - stride; k <= i + stride; k += stride) {
        sum += data[k - 3]! + data[k]! + data[k + 3]!;
      }
      soft[i] = sum / 13;
    }
  }
  return soft;
}

/** Mixes with a softened image: torchvision's `adjust_sharpness`. */
export const sharpness: Operation<FactorParameters> = operation("sharpness", {
  apply: (image, { factor }) =>
    blendBytes(image, new Uint8Array(softened(image).map((x) => x + 0.5)), factor),
  applyFloat: (image, { factor }) => blendFloats(image, softened(image), factor),
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
