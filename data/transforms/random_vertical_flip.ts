/** Mirroring top to bottom: torchvision's `RandomVerticalFlip`. */
import { type Raster, rearranged } from "../image.ts";
import { probability } from "./fields.ts";
import { gate, type GateOptions } from "./chance.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

function mirrored<T extends Raster>(image: T): T {
  const { width, height } = image;
  return rearranged(image, image, (x, y) => (height - 1 - y) * width + x);
}

/** The image mirrored top to bottom. */
export const verticalFlip: Operation<Record<never, never>> = operation("verticalFlip", {
  apply: mirrored,
  applyFloat: mirrored,
});

/** torchvision's `RandomVerticalFlip`: mirrors top to bottom with probability `p`. */
export const randomVerticalFlip: Transform<GateOptions> = transform<GateOptions>(
  "RandomVerticalFlip",
  {
    fields: { p: probability(0.5) },
    operations: [verticalFlip],
    random: true,
    sample: (random, _, { p }) => gate(random, p, () => [verticalFlip({})]),
  },
);
