/** Outputs of a set whose images several ranks measured, put together on all of them. Measures nothing. */

import { type Shard, stretchOf } from "../data/stretch.ts";
import type { Outputs } from "./evaluate.ts";
import type { Ranks } from "./ranks.ts";

/** The part of a set that a rank measures. */
export function shardOf({ rank, size }: Ranks): Shard {
  return { index: rank, count: size };
}

/** Batches of the rank that has most of them. */
export function mostBatches({ size }: Ranks, images: number, batch: number): number {
  return Math.ceil(Math.ceil(images / size) / batch);
}

/**
 * The outputs of all images, of which each rank has those of its stretch and nothing else. Sums over them, in the order
 * of the samples, are then those of one process.
 */
export async function sharedOutputs(
  { logits, labels, classes }: Outputs,
  ranks: Ranks,
): Promise<Outputs> {
  const stretch = (index: number) =>
    stretchOf({ index, count: ranks.size }, labels.length) satisfies { first: number };
  const { first, end } = stretch(ranks.rank);
  // A rank without images does not know how many classes there are.
  const [all, answers] = [
    await ranks.gather(bytesOf(labels.slice(first, end))),
    await ranks.gather(bytesOf(logits.slice(first * classes, end * classes))),
  ];
  const found = answers.findIndex(({ length }) => length > 0);
  const { first: from, end: to } = stretch(Math.max(0, found));
  const count = found < 0 ? 0 : answers[found]!.length / 4 / (to - from);
  const whole = {
    ...{ logits: new Float32Array(labels.length * count), classes: count },
    labels: new Int32Array(labels.length),
  };
  for (let rank = 0; rank < ranks.size; rank++) {
    const { first } = stretch(rank);
    whole.labels.set(new Int32Array(all[rank]!.buffer), first);
    whole.logits.set(new Float32Array(answers[rank]!.buffer), first * count);
  }
  return whole;
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array<ArrayBuffer> | Float32Array) {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
