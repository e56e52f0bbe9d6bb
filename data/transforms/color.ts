/** Brightness, contrast and saturation by a factor, as torchvision's functions of these names. */
import { blendBytes, blendFloats, greyByte, greyFloat } from "./blend.ts";
import { type Operation, operation } from "./transform.ts";

/** How much: 0 takes it away, 1 changes nothing. */
export interface FactorParameters {
  readonly factor: number;
}

/** Mixes with black: torchvision's `adjust_brightness`. */
export const brightness: Operation<FactorParameters> = operation("brightness", {
  apply: (image, { factor }) => blendBytes(image, () => 0, factor),
  applyFloat: (image, { factor }) => blendFloats(image, () => 0, factor),
});

/** Mixes with the mean grey of the image: torchvision's `adjust_contrast`. */
export const contrast: Operation<FactorParameters> = operation("contrast", {
  apply(image, { factor }) {
    const { data } = image;
    let sum = 0;
    for (let i = 0; i < data.length; i += 3) sum += greyByte(data, i);
    const mean = Math.trunc(sum / (data.length / 3) + 0.5);
    return blendBytes(image, () => mean, factor);
  },
  applyFloat(image, { factor }) {
    const { data } = image;
    let sum = 0;
    for (let i = 0; i < data.length; i += 3) sum += greyFloat(data, i);
    const mean = sum / (data.length / 3);
    return blendFloats(image, () => mean, factor);
  },
});

/** Mixes with the grey image: torchvision's `adjust_saturation`. */
export const saturation: Operation<FactorParameters> = operation("saturation", {
  apply: (image, { factor }) => blendBytes(image, (i) => greyByte(image.data, i), factor),
  applyFloat: (image, { factor }) => blendFloats(image, (i) => greyFloat(image.data, i), factor),
});
