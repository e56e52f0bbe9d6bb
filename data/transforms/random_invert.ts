/** Negatives: torchvision's `invert` and `RandomInvert`. */
import { mapped, table } from "../image.ts";
import { gate, type GateOptions } from "./chance.ts";
import { probability } from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** The negative of the image. */
export const invert: Operation<Record<never, never>> = operation("invert", {
  apply: (image) => mapped(image, [table((i) => 255 - i)]),
  applyFloat: (image) => ({ ...image, data: image.data.map((x) => 1 - x) }),
});

/** torchvision's `RandomInvert`: the negative, with probability `p`. */
export const randomInvert: Transform<GateOptions> = transform<GateOptions>("RandomInvert", {
  fields: { p: probability(0.5) },
  operations: [invert],
  random: true,
  sample: (random, _, { p }) => gate(random, p, () => [invert({})]),
});
