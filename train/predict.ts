/** Predicts images without labels: probabilities, averaged over passes, and the submission's text. */

import type { HasKernel } from "../data/divide.ts";
import type { Pipeline } from "../data/pipeline.ts";
import { formatCsv } from "../data/csv.ts";
import { type Evaluable, type EvaluateOptions, type ImageSet, outputs } from "./evaluate.ts";
import { softmax } from "./metrics.ts";

/** How to predict. */
export interface PredictOptions extends EvaluateOptions {
  /** Augmented passes to average; without it a single pass without augmentation. */
  readonly passes?: number | undefined;
  /** What is done to the images of augmented passes; the reference preset if not given. */
  readonly augment?: Pipeline | undefined;
  /** Which operations the session does in place of workers; none if not given. */
  readonly hasKernel?: HasKernel | undefined;
}

/** Class probabilities of a set, in the order of its samples. */
export interface Prediction {
  /** [n, classes]; rows sum to 1. */
  readonly probabilities: Float64Array;
  readonly classes: number;
}

/** The mean of the softmax over `options.passes` augmented passes. Sums are float64. */
export async function predict(
  session: Evaluable,
  images: ImageSet,
  options: PredictOptions,
): Promise<Prediction> {
  const { passes, measured, augment, hasKernel, ...settings } = options;
  const plain = { ...settings, train: false, epoch: 0 };
  let sum = new Float64Array();
  let classes = 0;
  for (let pass = 1; pass <= (passes ?? 1); pass++) {
    // The loader's pass 0 is the view without augmentation.
    const view = passes === undefined
      ? plain
      : { ...plain, pass, hasKernel, ...(augment && { augment }) };
    const out = await outputs(session, images, view, measured);
    const once = softmax(out.logits, out.classes);
    sum = pass === 1 ? Float64Array.from(once) : sum.map((p, i) => p + (once[i] ?? NaN));
    classes = out.classes;
  }
  return { probabilities: sum.map((p) => p / (passes ?? 1)), classes };
}

/**
 * A submission: the header `img_name,y_pred`, then each name with the probability of class 1. With
 * other than two classes there is a column of probabilities for each, headed by its name. Throws
 * RangeError when a probability is missing or not finite.
 */
export function formatSubmission(
  names: readonly string[],
  prediction: Prediction,
  classNames: readonly string[],
): string {
  const { probabilities, classes } = prediction;
  const columns = classes === 2 ? [1] : classNames.map((_, k) => k);
  const rows = names.map((name, i) => {
    const cells = columns.map((k) => {
      const p = probabilities[i * classes + k] ?? NaN;
      if (!Number.isFinite(p)) {
        throw new RangeError(
          `Cannot write the row of "${name}": its probability is ${p}, a finite one was needed`,
        );
      }
      return String(p);
    });
    return [name, ...cells];
  });
  const header = ["img_name", ...(classes === 2 ? ["y_pred"] : classNames)];
  return formatCsv({ columns: header, rows });
}
