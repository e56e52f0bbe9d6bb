/** Negatives of what is bright: torchvision's `solarize` and `RandomSolarize`. */
import { mapped, table } from "../image.ts";
import { gate, type GateOptions } from "./chance.ts";
import { number, probability } from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** What is bright. */
export interface SolarizeParameters {
  /** The lowest level that is inverted; may be fractional. */
  readonly threshold: number;
}

/** Options of {@linkcode randomSolarize}. */
export interface RandomSolarizeOptions extends GateOptions {
  /** The lowest level that is inverted, 0 … 255. */
  readonly threshold: number;
}

/** The image with levels from a threshold on inverted. */
export const solarize: Operation<SolarizeParameters> = operation("solarize", {
  apply: (image, { threshold }) => mapped(image, [table((i) => i >= threshold ? 255 - i : i)]),
  applyFloat: (image, { threshold }) => {
    const least = Math.fround(threshold / 255);
    return { ...image, data: image.data.map((x) => x >= least ? 1 - x : x) };
  },
});

/** torchvision's `RandomSolarize`: with probability `p`. */
export const randomSolarize: Transform<RandomSolarizeOptions> = transform<RandomSolarizeOptions>(
  "RandomSolarize",
  {
    fields: { threshold: number({ least: 0, most: 255 }), p: probability(0.5) },
    operations: [solarize],
    random: true,
    sample: (random, _, { threshold, p }) => gate(random, p, () => [solarize({ threshold })]),
  },
);
