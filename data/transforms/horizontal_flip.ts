/** Mirroring left to right, as `torchvision.transforms.RandomHorizontalFlip` does. Changes no size. */
import type { Image, Size } from "../image.ts";
import type { Random } from "../random.ts";

/** Whether to mirror, which happens with probability `p`. */
export function sample(random: Random, _image: Size, p = 0.5): boolean {
  return random() < p;
}

/** The image, mirrored left to right when `flip` is set. */
export function apply(image: Image, flip: boolean): Image {
  if (!flip) return image;
  const { width, height } = image;
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + width - 1 - column) * 3;
      data.set(image.data.subarray(from, from + 3), (row * width + column) * 3);
    }
  }
  return { width, height, data };
}
