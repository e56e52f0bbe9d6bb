/** A teacher: a trained model that sees the views of a student in the student's step. Trains nothing, changes nothing. */

import type { Tensor } from "../engine/graph.ts";
import { apply, declare, type Model } from "../engine/nn/scope.ts";
import { buildModel, type Preprocessing } from "../models/mod.ts";
import { normalize } from "../models/preprocess.ts";
import type { Weight } from "../models/safetensors.ts";
import { ARENAS, encodeVariables } from "./weights.ts";

/** From whom a student learns beside its labels, and how much. */
export interface DistillOptions {
  /** A name of the registry, or a model of one's own: any that tells the same classes apart. */
  readonly model: string | Model;
  /** All of its weights, as checkpoints have them. */
  readonly weights: ReadonlyMap<string, Weight>;
  /** How it sees images. Default its own, where it is of the registry. */
  readonly preprocessing?: Pick<Preprocessing, "mean" | "std">;
  /** The teacher's share of the loss, in [0, 1]. Default 0.5. */
  readonly share?: number;
  /** What logits are divided by. Default 2. */
  readonly temperature?: number;
}

/** A teacher in a graph. */
export interface Teacher {
  /** [n, classes], in evaluation mode. */
  readonly logits: Tensor;
  /** Its weights, to be fed once. */
  readonly feeds: ReadonlyMap<Tensor, Float32Array>;
}

/**
 * What a teacher makes of `images` [n, h, w, 3]: bytes as numbers in [0, 1], or numbers that are used as they are.
 * Throws RangeError where its weights do not fit.
 */
export function captureTeacher(
  images: Tensor,
  options: DistillOptions,
  { classes, numbers }: { readonly classes: number; readonly numbers: boolean },
): Teacher {
  const { model, preprocessing: own } = buildModel(options.model, { classes });
  const { preprocessing = own } = options;
  const variables = declare(model, images.shape);
  const encoded = encodeVariables(variables, options.weights);
  const used = ARENAS.filter((name) => variables[name].variables.length > 0);
  const seen = preprocessing && !numbers ? normalize(images, preprocessing) : images;
  return {
    logits: apply(model, variables, seen, { training: false }).logits,
    feeds: new Map(used.map((name) => [variables[name].tensor, encoded[name]])),
  };
}
