/** Draws of transforms, and the moments that they must have. Tests nothing by itself. */
import assert from "node:assert/strict";
import { draw, placed, readPipeline, type Step } from "../../data/pipeline.ts";
import { TRANSFORMS } from "../../data/transforms/mod.ts";
import type { Drawn } from "../../data/transforms/transform.ts";

/** Draws that moments are taken over. */
export const N = 4000;
/** The image that is drawn for. */
export const IMAGE = { width: 120, height: 80, label: 0 } as const;
/** A step that gives all images one size. */
export const CROP: Step = { name: "CenterCrop", options: { size: 32 } };

/** What a transform chooses for N images of 120 × 80, as lists of operations. */
export function draws(step: Step, count = N): (readonly Drawn[])[] {
  // What comes after only makes the pipeline end in one size.
  const pipeline = TRANSFORMS.get(step.name)!.batch ? [CROP, step] : [step, CROP];
  const read = readPipeline(pipeline, { size: 32, resize: 40 });
  const [one] = placed(read).filter(({ step: { name } }) => name === step.name);
  return Array.from({ length: count }, (_, i) => draw([one!], [7, i], IMAGE).drawn);
}

/** Numbers have a mean and a variance, within 5 standard errors of a normal sample. */
export function assertMoments(
  values: readonly number[],
  [mean, variance]: readonly [number, number],
  what: string,
) {
  const n = values.length;
  const found = values.reduce((a, b) => a + b, 0) / n;
  const spread = values.reduce((a, b) => a + (b - found) ** 2, 0) / n;
  const error = 5 * Math.sqrt(variance / n);
  assert.ok(Math.abs(found - mean) <= error + 1e-12, `${what}: mean ${found}, ${mean} expected`);
  assert.ok(
    Math.abs(spread - variance) <= 5 * variance * Math.sqrt(2 / n) + 1e-12,
    `${what}: variance ${spread}, ${variance} expected`,
  );
}

/** Mean and variance of numbers from low to high. */
export const uniform = (low: number, high: number) =>
  [(low + high) / 2, (high - low) ** 2 / 12] as const;
/** Whole numbers from low to high. */
export const discrete = (low: number, high: number) =>
  [(low + high) / 2, ((high - low + 1) ** 2 - 1) / 12] as const;
/** Mean and variance of what happens with a probability. */
export const chance = (p: number) => [p, p * (1 - p)] as const;

/** Parameters that are numbers. */
export type Numbers = Record<string, number>;
/** What is looked at in a draw; undefined where it is not there. */
export type Picked = (drawn: readonly Drawn[]) => number | undefined;

/** A parameter of the first operation of a name; undefined where there is none. */
export function parameter(name: string, key: string): Picked {
  return (drawn) => {
    const found = drawn.find((one) => one.name === name);
    return found && key.split(".").reduce<unknown>(
      (value, part) => (value as Numbers)[part],
      found.parameters,
    ) as number;
  };
}

/** Whether anything was chosen, as 0 or 1. */
export const happens = (drawn: readonly Drawn[]) => Number(drawn.length > 0);
/** Whether an operation was chosen, as 0 or 1. */
export const operation = (name: string) => (drawn: readonly Drawn[]) =>
  Number(drawn.some((one) => one.name === name));

/** Transforms, what is looked at, and the mean and variance it must have. */
export const TABLE: readonly [Step, Picked, readonly [number, number]][] = [
  [{ name: "RandomHorizontalFlip" }, happens, chance(0.5)],
  [{ name: "RandomHorizontalFlip", options: { p: 0.2 } }, happens, chance(0.2)],
  [{ name: "RandomVerticalFlip" }, happens, chance(0.5)],
  [{ name: "RandomGrayscale" }, happens, chance(0.1)],
  [{ name: "RandomInvert" }, happens, chance(0.5)],
  [{ name: "RandomPosterize", options: { bits: 3 } }, happens, chance(0.5)],
  [{ name: "RandomSolarize", options: { threshold: 99 } }, happens, chance(0.5)],
  [{ name: "RandomAdjustSharpness", options: { sharpnessFactor: 2 } }, happens, chance(0.5)],
  [{ name: "RandomEqualize" }, happens, chance(0.5)],
  [{ name: "RandomAutocontrast" }, happens, chance(0.5)],
  [{ name: "RandomPerspective" }, happens, chance(0.5)],
  [{ name: "RandomErasing", options: { p: 0.3 } }, happens, chance(0.3)],
  [{ name: "SelfBlend", options: { p: 0.4 } }, happens, chance(0.4)],
  [
    { name: "SelfBlend", options: { p: 1 } },
    parameter("selfBlend", "scale.0"),
    uniform(0.95, 1.05),
  ],
  [
    { name: "SelfBlend", options: { p: 1 } },
    parameter("selfBlend", "moved.1"),
    uniform(-0.03, 0.03),
  ],
  [
    { name: "SelfBlend", options: { p: 1 } },
    parameter("selfBlend", "mask.radii.0"),
    uniform(0.18, 0.38),
  ],
  [{ name: "RandomCrop", options: { size: 30 } }, parameter("crop", "left"), discrete(0, 90)],
  [{ name: "RandomCrop", options: { size: 30 } }, parameter("crop", "top"), discrete(0, 50)],
  [
    { name: "RandomCrop", options: { size: 30, padding: 4 } },
    parameter("crop", "top"),
    discrete(0, 58),
  ],
  [
    { name: "RandomRotation", options: { degrees: 30 } },
    parameter("rotate", "angle"),
    uniform(-30, 30),
  ],
  [
    { name: "RandomRotation", options: { degrees: [10, 20] } },
    parameter("rotate", "angle"),
    uniform(10, 20),
  ],
  ...([
    ["angle", uniform(-8, 8)],
    ["translate.0", discrete(-12, 12)],
    ["scale", uniform(0.9, 1.2)],
    ["shear.0", uniform(-5, 5)],
    ["shear.1", uniform(-3, 4)],
  ] as const).map(([key, moments]) =>
    [
      {
        name: "RandomAffine",
        options: { degrees: 8, translate: [0.1, 0], scale: [0.9, 1.2], shear: [-5, 5, -3, 4] },
      },
      parameter("affine", key),
      // A shift of half a pixel beyond each end rounds to the end.
      key === "translate.0" ? [0, 24 ** 2 / 12 + 1 / 12] : moments,
    ] as [Step, Picked, readonly [number, number]]
  ),
  [
    { name: "ColorJitter", options: { brightness: 0.4 } },
    parameter("brightness", "factor"),
    uniform(0.6, 1.4),
  ],
  [
    { name: "ColorJitter", options: { contrast: [0.5, 0.7] } },
    parameter("contrast", "factor"),
    uniform(0.5, 0.7),
  ],
  [
    { name: "ColorJitter", options: { saturation: 2 } },
    parameter("saturation", "factor"),
    uniform(0, 3),
  ],
  [{ name: "ColorJitter", options: { hue: 0.1 } }, parameter("hue", "shift"), uniform(-0.1, 0.1)],
  [
    { name: "GaussianBlur", options: { kernelSize: 5 } },
    parameter("gaussianBlur", "sigma.1"),
    uniform(0.1, 2),
  ],
  [{ name: "GaussianNoise" }, parameter("gaussianNoise", "seed"), discrete(0, 2 ** 24 - 1)],
  [{ name: "ElasticTransform" }, parameter("elastic", "seed"), discrete(0, 2 ** 24 - 1)],
  [
    { name: "JPEG", options: { quality: [20, 60] } },
    parameter("jpeg", "quality"),
    discrete(20, 60),
  ],
  [
    { name: "RandomPerspective", options: { p: 1, distortionScale: 0.4 } },
    parameter("perspective", "to.1.0"),
    discrete(120 - 25, 119),
  ],
  [
    { name: "RandomApply", options: { p: 0.3, transforms: [{ name: "Grayscale" }] } },
    happens,
    chance(0.3),
  ],
  [
    {
      name: "RandomChoice",
      options: {
        p: [1, 3],
        transforms: [{ name: "Grayscale" }, { name: "RandomInvert", options: { p: 1 } }],
      },
    },
    operation("invert"),
    chance(0.75),
  ],
  [{ name: "TrivialAugmentWide" }, operation("posterize"), chance(1 / 14)],
  [{ name: "TrivialAugmentWide" }, happens, chance(13 / 14)],
  [{ name: "RandAugment", options: { numOps: 1 } }, operation("rotate"), chance(1 / 14)],
  [{ name: "RandAugment", options: { numOps: 1 } }, parameter("rotate", "angle"), [0, 81]],
  [{ name: "MixUp" }, parameter("mixUp", "lambda"), uniform(0, 1)],
  [{ name: "MixUp", options: { alpha: 0.4 } }, parameter("mixUp", "lambda"), [0.5, 0.25 / 1.8]],
  [{ name: "AugMix" }, parameter("mixture", "weight"), uniform(0, 1)],
];
