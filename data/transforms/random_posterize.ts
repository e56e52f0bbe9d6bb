/** Fewer levels: torchvision's `posterize` and `RandomPosterize`. */
import { mapped, table } from "../image.ts";
import { gate, type GateOptions } from "./chance.ts";
import { probability, whole } from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** How many levels stay. */
export interface PosterizeParameters {
  /** Bits of a channel that are kept, 0 … 8. */
  readonly bits: number;
}

/** Options of {@linkcode randomPosterize}. */
export interface RandomPosterizeOptions extends GateOptions {
  /** Bits of a channel that are kept, 0 … 8. */
  readonly bits: number;
}

/** The image with the lower bits of each channel set to 0. */
export const posterize: Operation<PosterizeParameters> = operation("posterize", {
  apply: (image, { bits }) => mapped(image, [table((i) => i & ~(255 >> bits))]),
  applyFloat: (image, { bits }) => {
    const levels = 2 ** bits;
    const cut = (x: number) => Math.min(levels - 1, Math.max(0, Math.floor(x * levels))) / levels;
    return { ...image, data: image.data.map(cut) };
  },
});

/** torchvision's `RandomPosterize`: with probability `p`. */
export const randomPosterize: Transform<RandomPosterizeOptions> = transform<RandomPosterizeOptions>(
  "RandomPosterize",
  {
    fields: { bits: whole({ least: 0, most: 8 }), p: probability(0.5) },
    operations: [posterize],
    random: true,
    sample: (random, _, { bits, p }) => gate(random, p, () => [posterize({ bits })]),
  },
);
