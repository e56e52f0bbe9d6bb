/** The registry: every model by timm's name, with what its images are made of. */

import type { Model } from "../engine/nn/scope.ts";
import { efficientnet, efficientnetLite0 } from "./efficientnet.ts";
import { mobilenetv3 } from "./mobilenetv3.ts";
import { byDistance } from "./nearest.ts";
import { IMAGENET, PRETRAINED, type Pretrained } from "./pretrained.ts";
import { basic, bottleneck, resnet } from "./resnet.ts";

export type { Preprocessing, Pretrained } from "./pretrained.ts";

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
  /** Published weights, timm's default first; empty where there are none. */
  readonly pretrained: readonly Pretrained[];
}

const models: Readonly<Record<string, ModelInfo["build"]>> = {
  "efficientnet_b0": (o) => efficientnet({ width: 1.0, depth: 1.0 }, o),
  "efficientnet_b1": (o) => efficientnet({ width: 1.0, depth: 1.1 }, o),
  "efficientnet_b2": (o) => efficientnet({ width: 1.1, depth: 1.2 }, o),
  "efficientnet_b3": (o) => efficientnet({ width: 1.2, depth: 1.4 }, o),
  "efficientnet_b4": (o) => efficientnet({ width: 1.4, depth: 1.8 }, o),
  "efficientnet_b5": (o) => efficientnet({ width: 1.6, depth: 2.2 }, o),
  "efficientnet_b6": (o) => efficientnet({ width: 1.8, depth: 2.6 }, o),
  "efficientnet_b7": (o) => efficientnet({ width: 2.0, depth: 3.1 }, o),
  "tf_efficientnet_lite0": efficientnetLite0,
  "mobilenetv3_large_100": (o) => mobilenetv3("large", o),
  "mobilenetv3_small_100": (o) => mobilenetv3("small", o),
  "resnet18": (o) => resnet(basic, [2, 2, 2, 2], o),
  "resnet34": (o) => resnet(basic, [3, 4, 6, 3], o),
  "resnet50": (o) => resnet(bottleneck, [3, 4, 6, 3], o),
  "resnet101": (o) => resnet(bottleneck, [3, 4, 23, 3], o),
  "resnet152": (o) => resnet(bottleneck, [3, 8, 36, 3], o),
};

/** Pixels of models that have no published weights. */
const sizes: Readonly<Record<string, number>> = { "efficientnet_b6": 528, "efficientnet_b7": 600 };

/** All names `modelInfo` knows. */
export const modelNames: readonly string[] = Object.keys(models);

/** A model by timm's name. Throws RangeError, with the names there are, for any other. */
export function modelInfo(name: string): ModelInfo {
  const build = Object.hasOwn(models, name) ? models[name] : undefined;
  if (!build) {
    throw new RangeError(`Cannot build the model ${name}: it is none of ${modelNames.join(", ")}`);
  }
  const pretrained = PRETRAINED[name] ?? [];
  const { size, mean, std } = pretrained[0] ?? { size: sizes[name]!, ...IMAGENET };
  return { build, size, mean, std, pretrained };
}

/**
 * A model of the registry by its name, with how it sees images, or one of one's own as it is. Throws RangeError
 * for a name that `modelInfo` does not know.
 */
export function buildModel(
  model: string | Model,
  options: ModelOptions,
): { readonly model: Model; readonly preprocessing?: Pick<ModelInfo, "mean" | "std"> } {
  if (typeof model !== "string") return { model };
  const { build, ...preprocessing } = modelInfo(model);
  return { model: build(options), preprocessing };
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
