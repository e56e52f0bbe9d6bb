/** The registry: every model by timm's name, with what its images are made of. */

import type { Model } from "../engine/nn/scope.ts";
import { efficientnet } from "./efficientnet.ts";
import { resnet } from "./resnet.ts";

/** What a model is built for. */
export interface ModelOptions {
  /** How many classes the last layer tells apart. */
  readonly classes: number;
  /** Share of features dropped before the classifier in training. Default 0. */
  readonly dropRate?: number;
  /** Share of samples for which the last block is left out in training; less for those before it. Default 0. */
  readonly dropPathRate?: number;
}

/** A model of the registry. */
export interface ModelInfo {
  /** The model for these options. */
  readonly build: (options: ModelOptions) => Model;
  /** Height and width of the images it was designed for, in pixels. */
  readonly size: number;
  /** Of red, green and blue in [0, 1]: what is subtracted from images. */
  readonly mean: readonly [number, number, number];
  /** What they are divided by. */
  readonly std: readonly [number, number, number];
}

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

const models: Readonly<Record<string, ModelInfo>> = {
  "resnet18": { build: (o) => resnet([2, 2, 2, 2], o), size: 224, ...imagenet },
  "efficientnet_b0": {
    build: (o) => efficientnet({ width: 1, depth: 1 }, o),
    size: 224,
    ...imagenet,
  },
};

/** All names `modelInfo` knows. */
export const modelNames: readonly string[] = Object.keys(models);

/** A model by timm's name. Throws RangeError, with the names there are, for any other. */
export function modelInfo(name: string): ModelInfo {
  const info = Object.hasOwn(models, name) ? models[name] : undefined;
  if (!info) {
    throw new RangeError(`Cannot build the model ${name}: it is none of ${modelNames.join(", ")}`);
  }
  return info;
}
