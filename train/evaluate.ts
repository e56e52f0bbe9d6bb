/** Measures a session on labelled images: logits of every image once, and all scores of them. Trains nothing. */

import type { Loader, LoaderOptions } from "../data/loader.ts";
import { stretchOf } from "../data/stretch.ts";
import { type Scores, scoresOf } from "./metrics/scores.ts";
import type { Ranks } from "./ranks.ts";
import { mostBatches, shardOf, sharedOutputs } from "./shared_outputs.ts";
import type { Session } from "./session.ts";

/** The part of a session that measuring needs. */
export type Evaluable = Pick<Session, "evaluate">;

/** Images that can be read in batches, and how many there are. */
export interface ImageSet {
  readonly loader: Pick<Loader, "batches">;
  readonly count: number;
}

/** How images are read for measuring. */
export interface EvaluateOptions {
  /** Images a batch; the session's. */
  readonly batch: number;
  /** Side of the square, in pixels; the session's. */
  readonly size: number;
  /** Shorter side before the crop, in pixels. */
  readonly resize: number;
  /** How images are resized. Default "bilinear". */
  readonly interpolation?: LoaderOptions["interpolation"];
  readonly seed: number;
  /** Those who share the images: each measures a stretch of them, and all have all outputs. Default nobody. */
  readonly ranks?: Ranks | undefined;
  /** Called after each batch with the images it measured, 0 where a rank has none left and others have: as often on all. */
  readonly measured?: ((images: number) => void | Promise<void>) | undefined;
}

/** What a model makes of a labelled set. */
export interface Evaluation {
  readonly scores: Scores;
  readonly outputs: Outputs;
}

/** Outputs for a set, in the order of its samples. */
export interface Outputs {
  /** [n, classes], before the softmax. */
  readonly logits: Float32Array;
  /** [n], −1 where unknown. */
  readonly labels: Int32Array;
  readonly classes: number;
}

/** Outputs and scores of a set in which every image has a label. Sums are float64. */
export async function evaluate(
  session: Evaluable,
  images: ImageSet,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const made = await plainOutputs(session, images, options);
  return { scores: scoresOf(made), outputs: made };
}

/** Outputs of images that nothing is done to, whatever else is in `options`. Throws as {@linkcode outputs} does. */
export async function plainOutputs(
  session: Evaluable,
  images: ImageSet,
  { batch, size, resize, interpolation, seed, ranks, measured = () => {} }: EvaluateOptions,
): Promise<Outputs> {
  const plain = { batch, size, resize, interpolation, seed, train: false, epoch: 0 };
  if (!ranks || ranks.size === 1) return await outputs(session, images, plain, measured);
  let batches = 0;
  const counted = async (count: number) => (batches++, await measured(count));
  const share = shardOf(ranks);
  const own = await outputs(session, images, { ...plain, share }, counted);
  while (batches < mostBatches(ranks, images.count, batch)) await counted(0);
  return await sharedOutputs(own, ranks);
}

/**
 * Runs every image through the session once, or every image of a share. Throws RangeError when the loader left an image out
 * or gave one twice, so that no image ever has another one's outputs.
 */
export async function outputs(
  session: Evaluable,
  images: ImageSet,
  options: LoaderOptions,
  measured: (images: number) => void | Promise<void> = () => {},
): Promise<Outputs> {
  let logits = new Float32Array();
  const labels = new Int32Array(images.count);
  const seen = new Uint8Array(images.count);
  let classes = 0;
  for await (const batch of images.loader.batches({ ...options, reuse: true })) {
    const out = await session.evaluate(batch);
    if (classes === 0) {
      classes = out.length / batch.indices.length;
      logits = new Float32Array(images.count * classes);
    }
    batch.indices.forEach((index, row) => {
      if (index < 0) return;
      if (seen[index] !== 0) throw new RangeError(`Cannot measure image ${index}: it came twice`);
      seen[index] = 1;
      labels[index] = batch.labels[row] ?? -1;
      logits.set(out.subarray(row * classes, (row + 1) * classes), index * classes);
    });
    await measured(batch.indices.reduce((n, index) => n + (index < 0 ? 0 : 1), 0));
  }
  const { first, end } = stretchOf(options.share ?? { index: 0, count: 1 }, images.count);
  const missing = seen.subarray(0, end).indexOf(0, first);
  if (missing >= 0) throw new RangeError(`Cannot measure image ${missing}: the loader left it out`);
  return { logits, labels, classes };
}
