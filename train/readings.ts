/** Several readings of a device side by side. Knows no session. */

import type { Tensor } from "../engine/graph.ts";

/** The first number of each tensor. Where one cannot be read, none is still under way when this rejects. */
export async function readFirst(
  tensors: readonly Tensor[],
  read: (t: Tensor) => Promise<Float32Array>,
): Promise<number[]> {
  const readings = tensors.map(read);
  try {
    return (await Promise.all(readings)).map(([first]) => first!);
  } catch (error) {
    await Promise.allSettled(readings); // else they would take what the device says next
    throw error;
  }
}
