/** Sums over ranks whose numbers travel as halves: half the bytes, and the rounding that goes with it. Knows no MPI. */

import { stretchOf } from "../data/stretch.ts";
import type { Ranks } from "./ranks.ts";

/** As what gradients travel. */
export type Wire = "f32" | "f16";

/** Numbers of one stretch are scaled so that the largest comes to this: the sum of two would still be a half. */
const LARGEST = 2 ** 14;

/**
 * Adds up what all ranks have, in place, the same bits on all of them: each rank gets the halves of its stretch from all,
 * adds them up as float32 in the order of ranks, and hands round the sums as halves. What is not finite stays so.
 */
export async function allReduceAsHalves(
  ranks: Ranks,
  numbers: Float32Array<ArrayBuffer>,
): Promise<void> {
  const { rank, size } = ranks;
  const stretches = Array.from(
    { length: size },
    (_, index) => stretchOf({ index, count: size }, numbers.length),
  );
  const partOf = (index: number) => {
    const { first, end } = stretches[index]!;
    return numbers.subarray(first, end);
  };
  const parts = await ranks.allToAll(stretches.map((_, index) => encoded(partOf(index))));
  const own = partOf(rank).fill(0);
  for (const part of parts) decoded(part).forEach((x, i) => own[i]! += x);
  const sums = await ranks.gather(encoded(own));
  sums.forEach((sum, index) => partOf(index).set(decoded(sum)));
}

/** A power of two, then halves that are to be divided by it. */
function encoded(numbers: Float32Array): Uint8Array<ArrayBuffer> {
  let largest = 0;
  for (const x of numbers) largest = Math.max(largest, Math.abs(x)); // NaN stays NaN
  const exponent = Math.floor(Math.log2(LARGEST / largest));
  const scale = largest > 0 && Number.isFinite(largest) ? 2 ** Math.min(126, exponent) : 1;
  const bytes = new Uint8Array(4 + 2 * numbers.length);
  new Float32Array(bytes.buffer, 0, 1)[0] = scale;
  const halves = new Float16Array(bytes.buffer, 4);
  for (let i = 0; i < numbers.length; i++) halves[i] = numbers[i]! * scale;
  return bytes;
}

function decoded(bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset, length } = aligned;
  const [scale] = new Float32Array(buffer, byteOffset, 1);
  return Float32Array.from(
    new Float16Array(buffer, byteOffset + 4, (length - 4) / 2),
    (x) => x / scale!,
  );
}
