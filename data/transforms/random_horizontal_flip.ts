/** Mirroring left to right: torchvision's `RandomHorizontalFlip`. */
import { type Raster, rearranged } from "../image.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";
import { gate, type GateOptions } from "./chance.ts";
import { probability } from "./fields.ts";

function mirrored<T extends Raster>(image: T): T {
  const { width } = image;
  return rearranged(image, image, (x, y) => y * width + width - 1 - x);
}

/** The image mirrored left to right. */
export const horizontalFlip: Operation<Record<never, never>> = operation("horizontalFlip", {
  apply: mirrored,
  applyFloat: mirrored,
});

/** torchvision's `RandomHorizontalFlip`: mirrors left to right with probability `p`. */
export const randomHorizontalFlip: Transform<GateOptions> = transform<GateOptions>(
  "RandomHorizontalFlip",
  {
    fields: { p: probability(0.5) },
    operations: [horizontalFlip],
    random: true,
    sample: (random, _, { p }) => gate(random, p, () => [horizontalFlip({})]),
  },
);
