/** Pipelines with names, and the reasons for them. How a pipeline is read stands in pipeline.ts. */
import type { Step } from "./transforms/transform.ts";

const FLIP: Step = { name: "RandomHorizontalFlip" };

/** A named pipeline. */
export interface Preset {
  /** What it is for, one sentence. */
  readonly about: string;
  /** Its steps, as a person writes them. */
  readonly pipeline: readonly Step[];
}

/** The presets; sizes are those of the run. */
export const PRESETS = {
  none: {
    about: "the same view as in evaluation: to measure what augmentation is worth",
    pipeline: [{ name: "Resize" }, { name: "CenterCrop" }],
  },
  reference: {
    about: "a crop anywhere and a flip, which never change a pixel: the default",
    pipeline: [{ name: "Resize" }, { name: "RandomCrop" }, FLIP],
  },
  flips: {
    about: "a crop anywhere and a flip each way, as the FFDI competition's baseline has it",
    pipeline: [{ name: "Resize" }, { name: "RandomCrop" }, FLIP, { name: "RandomVerticalFlip" }],
  },
  light: {
    about: "faces stay whole; light, colour and distance vary as photos do: for small sets",
    pipeline: [
      { name: "RandomResizedCrop", options: { scale: [0.6, 1] } },
      FLIP,
      {
        name: "ColorJitter",
        options: { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.02 },
      },
    ],
  },
  strong: {
    // torchvision's training recipe of 2021 for ImageNet.
    about: "torchvision's newer ImageNet recipe, with mixed batches: for long runs of large models",
    pipeline: [
      { name: "RandomResizedCrop" },
      FLIP,
      { name: "TrivialAugmentWide", options: { interpolation: "bilinear" } },
      { name: "RandomErasing", options: { p: 0.1, value: "random" } },
      {
        name: "RandomChoice",
        options: {
          transforms: [{ name: "MixUp", options: { alpha: 0.2 } }, { name: "CutMix" }],
        },
      },
    ],
  },
  deepfake: {
    // No warps and no resizing after the first: they would wipe out the traces that give a forgery away.
    // JPEG stands before what a device can do, which then need not wait for a worker.
    about: "what files go through on the net, and self-blended faces: for manipulated faces",
    pipeline: [
      { name: "Resize" },
      { name: "SelfBlend", options: { p: 0.25 } },
      { name: "RandomCrop" },
      {
        name: "RandomApply",
        options: { p: 0.3, transforms: [{ name: "JPEG", options: { quality: [50, 95] } }] },
      },
      FLIP,
      {
        name: "RandomApply",
        options: {
          p: 0.5,
          transforms: [{
            name: "ColorJitter",
            options: { brightness: 0.15, contrast: 0.15, saturation: 0.15, hue: 0.02 },
          }],
        },
      },
      {
        name: "RandomApply",
        options: {
          p: 0.2,
          transforms: [{ name: "GaussianBlur", options: { kernelSize: 5, sigma: [0.3, 1.2] } }],
        },
      },
      {
        name: "RandomApply",
        options: {
          p: 0.2,
          transforms: [{ name: "GaussianNoise", options: { sigma: 0.02 } }],
        },
      },
    ],
  },
} as const satisfies Readonly<Record<string, Preset>>;

/** Name of a preset. */
export type PresetName = keyof typeof PRESETS;
