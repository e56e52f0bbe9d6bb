/** What a person may want to know of numbers that are suspicious though they are no errors. Stops nothing. */

import {
  type Evaluable,
  type EvaluateOptions,
  type ImageSet,
  type Outputs,
  plainOutputs,
} from "./evaluate.ts";
import { argmaxRows } from "./metrics/probabilities.ts";
import { firstBatches } from "./training_batches.ts";

/** How far the first loss may be from that of even odds, as a factor. */
const FAR = 2;

/** A warning where the loss of the first step is far from ln(classes), that of a classifier that knows nothing. */
export function firstLossWarning(loss: number, classes: number): string | undefined {
  const even = Math.log(classes);
  if (loss <= FAR * even && loss >= even / FAR) return undefined;
  const is = `The first loss is ${loss.toFixed(3)}, far from ln ${classes} = ${even.toFixed(3)}`;
  return loss > even
    ? `${is}: the classifier begins sure of wrong answers; look at weights, preprocessing and labels`
    : `${is}: the classifier knows the answers before it learns; look for what gives the class away`;
}

/** A warning where one class is predicted for all images of more than one class. */
export function constantWarning({ logits, labels, classes }: Outputs): string | undefined {
  const predicted = new Set(argmaxRows(logits, classes));
  if (predicted.size > 1 || new Set(labels).size < 2) return undefined;
  return `All ${labels.length} validation images are predicted to be of class ${[...predicted][0]}`;
}

/**
 * Runs the first batches of validation, so that what is wrong with it shows before an epoch is spent: the first output
 * that is not finite, undefined where all are. Throws what reading the images throws.
 */
export async function rehearse(
  session: Evaluable,
  images: ImageSet,
  { batches, ...options }: EvaluateOptions & { readonly batches: number },
): Promise<number | undefined> {
  const first: ImageSet = {
    count: Math.min(images.count, batches * options.batch),
    loader: { batches: (how) => firstBatches(images.loader.batches(how), batches) },
  };
  const { logits } = await plainOutputs(session, first, options);
  return logits.find((x) => !Number.isFinite(x));
}
