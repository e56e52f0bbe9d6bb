/** Five views of an image and their mirror images: torchvision's `FiveCrop` and `TenCrop`, for prediction. */
import type { Size } from "../image.ts";
import { middle } from "./center_crop.ts";
import { crop, requireFit } from "./crop.ts";
import { flag, type Pair, size as sizeField, sizeOf } from "./fields.ts";
import { horizontalFlip } from "./random_horizontal_flip.ts";
import { verticalFlip } from "./random_vertical_flip.ts";
import { type Drawn, type Subject, type Transform, transform } from "./transform.ts";

/** Options of {@linkcode fiveCrop}. */
export interface FiveCropOptions {
  /** Side of a square, or [height, width]. Default the size that the model sees. */
  readonly size?: number | Pair;
}

/** Options of {@linkcode tenCrop}. */
export interface TenCropOptions extends FiveCropOptions {
  /** Whether the other five are mirrored top to bottom, not left to right. Default false. */
  readonly verticalFlip?: boolean;
}

/** The four corners and the middle, in torchvision's order. */
export function fiveCrops(image: Size, { width, height }: Size): readonly Drawn[] {
  requireFit(image, { width, height });
  const [right, bottom] = [image.width - width, image.height - height];
  const corners = [[0, 0], [right, 0], [0, bottom], [right, bottom]] as const;
  return [
    ...corners.map(([left, top]) => crop({ left, top, width, height })),
    crop(middle(image, { width, height })),
  ];
}

/** The five crops, then those of the mirrored image. */
export function tenCrops(
  image: Size,
  size: Size,
  flip: Drawn = horizontalFlip({}),
): readonly (readonly Drawn[])[] {
  const five = fiveCrops(image, size);
  return [...five.map((one) => [one]), ...five.map((one) => [flip, one])];
}

/** Pass 1 takes the first, and so on, again from the first after the last. */
function ofPass<T>({ pass }: Subject, name: string, crops: readonly T[]): T {
  if (pass === undefined) {
    throw new RangeError(
      `Cannot train with ${name}: it gives ${crops.length} images, one was needed; ` +
        "it is for the passes of a prediction",
    );
  }
  return crops[(pass - 1) % crops.length]!;
}

/** torchvision's `FiveCrop`: each pass of a prediction sees another corner, or the middle. */
export const fiveCrop: Transform<FiveCropOptions> = transform<FiveCropOptions>("FiveCrop", {
  fields: { size: sizeField("size") },
  operations: [crop],
  random: true,
  sample: (_, image, { size }) => [ofPass(image, "FiveCrop", fiveCrops(image, sizeOf(size)))],
  resized: (_, { size }) => sizeOf(size),
});

/** torchvision's `TenCrop`: the passes of a prediction see five crops, then those of the mirror image. */
export const tenCrop: Transform<TenCropOptions> = transform<TenCropOptions>("TenCrop", {
  fields: { size: sizeField("size"), verticalFlip: flag(false) },
  operations: [crop, horizontalFlip, verticalFlip],
  random: true,
  sample: (_, image, options) => {
    const flip = options.verticalFlip ? verticalFlip({}) : horizontalFlip({});
    return ofPass(image, "TenCrop", tenCrops(image, sizeOf(options.size), flip));
  },
  resized: (_, { size }) => sizeOf(size),
});
