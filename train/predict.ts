/** Predicts images: probabilities of one model averaged over views, and of several models. Writes no file. */

import type { HasKernel } from "../data/divide.ts";
import { type Evaluable, type EvaluateOptions, type ImageSet, outputs } from "./evaluate.ts";
import { softmax } from "./metrics/probabilities.ts";
import { PLAIN, type View } from "./views.ts";

/** How to predict. */
export interface PredictOptions extends EvaluateOptions {
  /** What each image is shown as; the plain view if not given. */
  readonly views?: readonly View[] | undefined;
  /** Which operations the session does in place of workers; none if not given. */
  readonly hasKernel?: HasKernel | undefined;
}

/** What views of images were taken for, in the order of the samples. */
export interface Prediction {
  /** [n, classes], the mean over the views; rows sum to 1. */
  readonly probabilities: Float64Array;
  /** [n, classes]: what a softmax makes that of; the model's own outputs where there was one view. */
  readonly logits: ArrayLike<number>;
  readonly classes: number;
  /** [n], −1 where unknown. */
  readonly labels: Int32Array;
  /** How many views of each image there were. */
  readonly views: number;
  /** [n, classes], the sum over the views of the squared distance from the mean. */
  readonly scatter: Float64Array;
}

/** The mean of the softmax over the views. Sums are float64. */
export async function predict(
  session: Evaluable,
  images: ImageSet,
  options: PredictOptions,
): Promise<Prediction> {
  const { views = PLAIN, measured, hasKernel, ...settings } = options;
  let prediction: Prediction | undefined;
  for (const view of views) {
    const look = { ...settings, ...view, train: false, epoch: 0 };
    const left = view.pass === undefined ? undefined : hasKernel;
    const out = await outputs(session, images, { ...look, hasKernel: left }, measured);
    const probabilities = softmax(out.logits, out.classes);
    const scatter = new Float64Array(probabilities.length);
    const one = { ...out, probabilities, views: 1, scatter };
    prediction = prediction ? joined(prediction, one) : one;
  }
  if (!prediction) throw new RangeError("Cannot predict from no view: at least one was needed");
  return prediction;
}

/** The views of both. Chan et al. 1979. */
function joined(a: Prediction, b: Prediction): Prediction {
  const views = a.views + b.views;
  const probabilities = a.probabilities.map((p, i) =>
    (p * a.views + b.probabilities[i]! * b.views) / views
  );
  const scatter = a.scatter.map((s, i) => {
    const apart = b.probabilities[i]! - a.probabilities[i]!;
    return s + b.scatter[i]! + apart * apart * a.views * b.views / views;
  });
  return { ...a, probabilities, logits: logarithms(probabilities), views, scatter };
}

/** Natural logarithms, finite for 0 too. */
function logarithms(probabilities: Float64Array): Float64Array {
  return probabilities.map((p) => Math.log(Math.max(p, Number.MIN_VALUE)));
}

/** How the answers of several models become one. */
export type Average =
  /** The mean of probabilities. */
  | "probabilities"
  /** The softmax of the mean of logits; of the logarithms of probabilities where there are several views. */
  | "logits"
  /** The mean of ranks among the images, from 0 to 1: what a model is sure of counts as much as another's guess. */
  | "ranks";

/** All ways. */
export const AVERAGES: readonly Average[] = ["probabilities", "logits", "ranks"];

/** What several models make of the same images; `logits` are those of `scores`. */
export interface Ensemble extends Prediction {
  /** [n, classes], averaged as asked for: what to answer. Ranks are no probabilities, and their rows sum to anything. */
  readonly scores: Float64Array;
  /** [n]: how far views and models are apart, the standard deviation of the probability that they differ in most. */
  readonly spread: Float64Array;
}

/**
 * Several models' predictions of the same images as one; `probabilities` of the result are those of all views of
 * all models. Throws RangeError where the predictions are of other images or classes, or there are none.
 */
export function ensemble(predictions: readonly Prediction[], average: Average): Ensemble {
  const [first] = predictions;
  if (!first) throw new RangeError("Cannot average no prediction: at least one was needed");
  const { classes, probabilities: { length } } = first;
  const other = predictions.find((p) => p.classes !== classes || p.probabilities.length !== length);
  if (other) {
    throw new RangeError(
      `Cannot average predictions of ${length} and ${other.probabilities.length} numbers for ` +
        `${classes} and ${other.classes} classes: the same images and classes were needed`,
    );
  }
  const all = predictions.reduce(joined);
  const mean = (answers: readonly ArrayLike<number>[]) =>
    new Float64Array(length).map((_, i) =>
      answers.reduce((sum, answer) => sum + answer[i]!, 0) / answers.length
    );
  const each = predictions.map(({ probabilities }) => probabilities);
  const scores = {
    probabilities: () => mean(each),
    logits: () => softmax(mean(predictions.map(({ logits }) => logits)), classes),
    ranks: () => mean(each.map((p) => ranks(p, classes))),
  }[average]();
  const alone = predictions.length === 1 && average !== "ranks";
  const logits = alone ? first.logits : logarithms(scores);
  const spread = new Float64Array(length / classes).map((_, i) => {
    const row = all.scatter.subarray(i * classes, (i + 1) * classes);
    return Math.sqrt(Math.max(...row) / all.views);
  });
  return { ...all, logits, scores, spread };
}

/**
 * Ranks of each column of [n, classes], as places between 0 and 1: (rank − ½) / n, equal numbers sharing theirs.
 */
function ranks(values: Float64Array, classes: number): Float64Array {
  const n = values.length / classes;
  const places = new Float64Array(values.length);
  for (let k = 0; k < classes; k++) {
    const value = (i: number) => values[i * classes + k]!;
    const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => value(a) - value(b));
    for (let from = 0; from < n;) {
      let to = from + 1;
      while (to < n && value(order[to]!) === value(order[from]!)) to++;
      for (const i of order.slice(from, to)) places[i * classes + k] = (from + to) / 2 / n;
      from = to;
    }
  }
  return places;
}
