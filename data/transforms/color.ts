/** Brightness, contrast and saturation by a factor, as torchvision's functions of these names. */
import { blendBytes, blendFloats, greyBytes, greyFloats, meanOf } from "./blend.ts";
import { type Operation, operation } from "./transform.ts";

/** How much: 0 takes it away, 1 changes nothing. */
export interface FactorParameters {
  readonly factor: number;
}

/** Mixes with black: torchvision's `adjust_brightness`. */
export const brightness: Operation<FactorParameters> = operation("brightness", {
  apply: (image, { factor }) => blendBytes(image, 0, factor),
  applyFloat: (image, { factor }) => blendFloats(image, 0, factor),
});

/** Mixes with the mean grey of the image: torchvision's `adjust_contrast`. */
export const contrast: Operation<FactorParameters> = operation("contrast", {
  apply: (image, { factor }) =>
    blendBytes(image, Math.trunc(meanOf(greyBytes(image.data)) + 0.5), factor),
  applyFloat: (image, { factor }) => blendFloats(image, meanOf(greyFloats(image.data)), factor),
});

/** Mixes with the grey image: torchvision's `adjust_saturation`. */
export const saturation: Operation<FactorParameters> = operation("saturation", {
  apply: (image, { factor }) => blendBytes(image, greyBytes(image.data), factor),
  applyFloat: (image, { factor }) => blendFloats(image, greyFloats(image.data), factor),
});
