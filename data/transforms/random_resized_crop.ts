/** A part of an image of random area and shape, resized: torchvision's `RandomResizedCrop`. */
import type { Size } from "../image.ts";
import type { Random } from "../random.ts";
import { between, integer, roundEven } from "./chance.ts";
import { crop, type Rectangle } from "./crop.ts";
import {
  interval,
  type Pair,
  type ResizeFilter,
  resizeFilter,
  size as sizeField,
  sizeOf,
} from "./fields.ts";
import { resize } from "./resize.ts";
import { type Transform, transform } from "./transform.ts";

/** Options of {@linkcode randomResizedCrop}. */
export interface RandomResizedCropOptions {
  /** Side of a square, or [height, width]. Default the size that the model sees. */
  readonly size?: number | Pair;
  /** Share of the image's area that is taken. Default [0.08, 1]. */
  readonly scale?: Pair;
  /** Width by height of what is taken, uniform in its logarithm. Default [3/4, 4/3]. */
  readonly ratio?: Pair;
  /** How it is resized. Default what the run says. */
  readonly interpolation?: ResizeFilter;
}

/** Ten tries for an area and a shape that fit; else the largest middle part of an allowed shape. */
function chosen(
  random: Random,
  image: Size,
  { scale, ratio }: { readonly scale: Pair; readonly ratio: Pair },
): Rectangle {
  const logRatio: Pair = [Math.log(ratio[0]), Math.log(ratio[1])];
  for (let i = 0; i < 10; i++) {
    const area = image.width * image.height * between(random, scale);
    const r = Math.exp(between(random, logRatio));
    const width = roundEven(Math.sqrt(area * r));
    const height = roundEven(Math.sqrt(area / r));
    if (width <= 0 || height <= 0 || width > image.width || height > image.height) continue;
    const top = integer(random, 0, image.height - height + 1);
    const left = integer(random, 0, image.width - width + 1);
    return { left, top, width, height };
  }
  const shape = image.width / image.height;
  const width = shape > ratio[1] ? roundEven(image.height * ratio[1]) : image.width;
  const height = shape < ratio[0] ? roundEven(image.width / ratio[0]) : image.height;
  return {
    left: Math.floor((image.width - width) / 2),
    top: Math.floor((image.height - height) / 2),
    width,
    height,
  };
}

/** torchvision's `RandomResizedCrop`: draws area and shape of each try, then the top, then the left. */
export const randomResizedCrop: Transform<RandomResizedCropOptions> = transform<
  RandomResizedCropOptions
>("RandomResizedCrop", {
  fields: {
    size: sizeField("size"),
    scale: interval({ above: 0, most: 1 }, [0.08, 1]),
    ratio: interval({ above: 0 }, [3 / 4, 4 / 3]),
    interpolation: resizeFilter(),
  },
  operations: [crop, resize],
  random: true,
  sample: (random, image, { size, scale, ratio, interpolation }) => [
    crop(chosen(random, image, { scale, ratio })),
    resize({ ...sizeOf(size), interpolation }),
  ],
  resized: (_, { size }) => sizeOf(size),
});
