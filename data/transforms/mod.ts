/** All transforms by name, and their names for people who write TypeScript. Each stands in its own file. */
import { augMix } from "./aug_mix.ts";
import { autoAugment } from "./auto_augment.ts";
import { centerCrop } from "./center_crop.ts";
import { colorJitter } from "./color_jitter.ts";
import { compose, randomApply, randomChoice, randomOrder } from "./containers.ts";
import { cutMix } from "./cut_mix.ts";
import { elasticTransform } from "./elastic_transform.ts";
import { fiveCrop, tenCrop } from "./five_crop.ts";
import { randomGaussianBlur } from "./gaussian_blur.ts";
import { randomGaussianNoise } from "./gaussian_noise.ts";
import { grayscale, randomGrayscale } from "./grayscale.ts";
import { randomJpeg } from "./jpeg.ts";
import { mixUp } from "./mix_up.ts";
import { padImage } from "./pad.ts";
import { randAugment } from "./rand_augment.ts";
import { randomAdjustSharpness } from "./random_adjust_sharpness.ts";
import { randomAffine } from "./random_affine.ts";
import { randomAutocontrast } from "./random_autocontrast.ts";
import { randomCrop } from "./random_crop.ts";
import { randomEqualize } from "./random_equalize.ts";
import { randomErasing } from "./random_erasing.ts";
import { randomHorizontalFlip } from "./random_horizontal_flip.ts";
import { randomInvert } from "./random_invert.ts";
import { randomPerspective } from "./random_perspective.ts";
import { randomPosterize } from "./random_posterize.ts";
import { randomResizedCrop } from "./random_resized_crop.ts";
import { randomRotation } from "./random_rotation.ts";
import { randomSolarize } from "./random_solarize.ts";
import { randomVerticalFlip } from "./random_vertical_flip.ts";
import { resizeImage } from "./resize.ts";
import { selfBlend } from "./self_blend.ts";
import type { TransformRules } from "./transform.ts";
import { trivialAugmentWide } from "./trivial_augment_wide.ts";

/** A transform whose options have been read by its own fields. */
// deno-lint-ignore no-explicit-any -- options go back to the transform they were read for
export type AnyTransform = TransformRules<any> & { readonly name: string };

/** Every transform that a pipeline may have, by name. */
export const TRANSFORMS: ReadonlyMap<string, AnyTransform> = new Map(
  ([
    ...[resizeImage, centerCrop, randomCrop, randomResizedCrop, padImage, fiveCrop, tenCrop],
    ...[randomHorizontalFlip, randomVerticalFlip],
    ...[randomRotation, randomAffine, randomPerspective, elasticTransform],
    ...[colorJitter, grayscale, randomGrayscale, randomAdjustSharpness],
    ...[randomInvert, randomPosterize, randomSolarize, randomEqualize, randomAutocontrast],
    ...[randomGaussianBlur, randomGaussianNoise, randomJpeg, randomErasing, selfBlend],
    ...[autoAugment, randAugment, trivialAugmentWide, augMix],
    ...[compose, randomApply, randomChoice, randomOrder],
    ...[mixUp, cutMix],
  ] as readonly AnyTransform[]).map((one) => [one.name, one]),
);

export { augMix, type AugMixOptions } from "./aug_mix.ts";
export { autoAugment, type AutoAugmentOptions } from "./auto_augment.ts";
export { centerCrop, type CenterCropOptions } from "./center_crop.ts";
export { colorJitter, type ColorJitterOptions } from "./color_jitter.ts";
export {
  compose,
  type ComposeOptions,
  randomApply,
  type RandomApplyOptions,
  randomChoice,
  type RandomChoiceOptions,
  randomOrder,
} from "./containers.ts";
export { cutMix, type CutMixOptions } from "./cut_mix.ts";
export { elasticTransform, type ElasticTransformOptions } from "./elastic_transform.ts";
export { fiveCrop, type FiveCropOptions, tenCrop, type TenCropOptions } from "./five_crop.ts";
export { type GaussianBlurOptions, randomGaussianBlur as gaussianBlur } from "./gaussian_blur.ts";
export {
  type GaussianNoiseOptions,
  randomGaussianNoise as gaussianNoise,
} from "./gaussian_noise.ts";
export { grayscale, randomGrayscale } from "./grayscale.ts";
export { type JpegOptions, randomJpeg as jpeg } from "./jpeg.ts";
export { mixUp, type MixUpOptions } from "./mix_up.ts";
export { type Padding, type PaddingMode, padImage as pad, type PadOptions } from "./pad.ts";
export { randAugment, type RandAugmentOptions } from "./rand_augment.ts";
export {
  randomAdjustSharpness,
  type RandomAdjustSharpnessOptions,
} from "./random_adjust_sharpness.ts";
export { randomAffine, type RandomAffineOptions, type Shear } from "./random_affine.ts";
export { randomAutocontrast } from "./random_autocontrast.ts";
export { randomCrop, type RandomCropOptions } from "./random_crop.ts";
export { randomEqualize } from "./random_equalize.ts";
export { randomErasing, type RandomErasingOptions } from "./random_erasing.ts";
export { randomHorizontalFlip } from "./random_horizontal_flip.ts";
export { randomInvert } from "./random_invert.ts";
export { randomPerspective, type RandomPerspectiveOptions } from "./random_perspective.ts";
export { randomPosterize, type RandomPosterizeOptions } from "./random_posterize.ts";
export { randomResizedCrop, type RandomResizedCropOptions } from "./random_resized_crop.ts";
export { randomRotation, type RandomRotationOptions } from "./random_rotation.ts";
export { randomSolarize, type RandomSolarizeOptions } from "./random_solarize.ts";
export { randomVerticalFlip } from "./random_vertical_flip.ts";
export { resizeImage as resize, type ResizeOptions } from "./resize.ts";
export { selfBlend, type SelfBlendOptions } from "./self_blend.ts";
export { trivialAugmentWide, type TrivialAugmentWideOptions } from "./trivial_augment_wide.ts";
export type { GateOptions } from "./chance.ts";
export type {
  Bounds,
  Field,
  Fields,
  Fill,
  Interpolation,
  Pair,
  Reading,
  ResizeFilter,
} from "./fields.ts";
export type { PolicyName } from "./policies.ts";
export type { Draw, Round, Transform, TransformRules } from "./transform.ts";
