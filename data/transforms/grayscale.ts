/** Grey in three equal channels: torchvision's `Grayscale` and `RandomGrayscale`. */
import { greyBytes, greyFloats } from "./blend.ts";
import { gate, type GateOptions } from "./chance.ts";
import { probability } from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** The image in grey: torchvision's `rgb_to_grayscale` with three output channels. */
export const greyscale: Operation<Record<never, never>> = operation("grayscale", {
  apply: (image) => ({ ...image, data: greyBytes(image.data) }),
  applyFloat: (image) => ({ ...image, data: new Float32Array(greyFloats(image.data)) }),
});

/** torchvision's `Grayscale(3)`: always. */
export const grayscale: Transform<Record<never, never>> = transform("Grayscale", {
  fields: {},
  operations: [greyscale],
  random: false,
  sample: () => [greyscale({})],
});

/** torchvision's `RandomGrayscale`: with probability `p`, 0.1 by default. */
export const randomGrayscale: Transform<GateOptions> = transform<GateOptions>("RandomGrayscale", {
  fields: { p: probability(0.1) },
  operations: [greyscale],
  random: true,
  sample: (random, _, { p }) => gate(random, p, () => [greyscale({})]),
});
