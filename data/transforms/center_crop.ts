/** The square in the middle of an image, as `torchvision.transforms.CenterCrop` takes it; never pads. */
import type { Size } from "../image.ts";
import type { Random } from "../random.ts";
import { type Rectangle, requireFit } from "./crop.ts";

export { apply } from "./crop.ts";

/** Half of `n`, a half rounded to the even neighbour, as Python's `round` does. */
function half(n: number): number {
  return n % 4 === 3 ? (n + 1) / 2 : Math.floor(n / 2);
}

/** The square of `size` pixels in the middle. Draws nothing; throws RangeError when it does not fit. */
export function sample(_random: Random, image: Size, size: number): Rectangle {
  requireFit(image, size);
  return {
    left: half(image.width - size),
    top: half(image.height - size),
    width: size,
    height: size,
  };
}
