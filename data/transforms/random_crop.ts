/** A square anywhere in an image, as `torchvision.transforms.RandomCrop` takes it; never pads. */
import type { Size } from "../image.ts";
import type { Random } from "../random.ts";
import { type Rectangle, requireFit } from "./crop.ts";

export { apply } from "./crop.ts";

/** A square of `size` pixels: first its top is drawn, then its left. Throws RangeError when it does not fit. */
export function sample(random: Random, image: Size, size: number): Rectangle {
  requireFit(image, size);
  const top = Math.floor(random() * (image.height - size + 1));
  const left = Math.floor(random() * (image.width - size + 1));
  return { left, top, width: size, height: size };
}
