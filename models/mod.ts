/** The registry: every model by timm's name, with what its images are made of. */

import type { Model } from "../engine/nn/scope.ts";
import { efficientnet } from "./efficientnet.ts";
import { byDistance } from "./nearest.ts";
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

/** How images are made into numbers: what weights were learned with, and must be used with. */
export interface Preprocessing {
  /** The pretrained tag that these are the settings of; none where a model starts from scratch. */
  readonly tag?: string | undefined;
  /** Of red, green and blue in [0, 1]: what is subtracted from images. */
  readonly mean: readonly [number, number, number];
  /** What they are divided by. */
  readonly std: readonly [number, number, number];
  /** How images are resized. */
  readonly interpolation: "bilinear" | "bicubic";
}

/** Published weights of a model, under the tag they have in timm. */
export interface Pretrained extends Preprocessing {
  /** What stands behind the dot of timm's name: `ra_in1k` of `efficientnet_b0.ra_in1k`. */
  readonly tag: string;
  /** Side of the square images they were made for, in pixels. */
  readonly size: number;
  /** The square's share of the resized image's shorter side, timm's `crop_pct`. */
  readonly crop: number;
  /** Classes of the classifier. */
  readonly classes: number;
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
  /** Published weights, timm's default first; empty where there are none. */
  readonly pretrained: readonly Pretrained[];
}

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

const models: Readonly<Record<string, ModelInfo>> = {
  "resnet18": {
    build: (o) => resnet([2, 2, 2, 2], o),
    size: 224,
    ...imagenet,
    pretrained: [{
      ...{ tag: "a1_in1k", size: 224, crop: 0.95, interpolation: "bicubic", classes: 1000 },
      ...imagenet,
    }],
  },
  "efficientnet_b0": {
    build: (o) => efficientnet({ width: 1, depth: 1 }, o),
    size: 224,
    ...imagenet,
    pretrained: [{
      ...{ tag: "ra_in1k", size: 224, crop: 0.875, interpolation: "bicubic", classes: 1000 },
      ...imagenet,
    }],
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

/**
 * The published weights of `model` under `tag`, or timm's default ones. Throws RangeError for a model
 * that `modelInfo` does not know, one without published weights, and, with the nearest ones, for a tag
 * that it does not have.
 */
export function pretrainedInfo(model: string, tag?: string): Pretrained {
  const { pretrained } = modelInfo(model);
  const found = tag === undefined ? pretrained[0] : pretrained.find((p) => p.tag === tag);
  if (found) return found;
  if (pretrained.length === 0) {
    throw new RangeError(`Cannot find pretrained weights of ${model}: there are none`);
  }
  const near = byDistance(tag ?? "", pretrained.map((p) => p.tag)).slice(0, 3).map((n) => n.word);
  throw new RangeError(
    `Cannot find the pretrained weights ${tag} of ${model}: ` +
      `${near.join(", ")} or another of its tags was needed`,
  );
}
