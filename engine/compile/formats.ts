/** Formats: as what stored values lie in memory, and which of them may be halves. No places, no text. */

import type { Tensor } from "../graph.ts";
import { quads, rows } from "../shape.ts";

/** What a quad is in memory: four numbers, four halves, or the three levels of a pixel. */
export type Format = "f32" | "f16" | "bytes";

/** Bytes of a quad. */
export const QUAD_BYTES: Readonly<Record<Format, number>> = { f32: 16, f16: 8, bytes: 4 };

/** The format of `t`, which is one of `halves` or keeps all that was computed. */
export function formatOf(t: Tensor, halves?: ReadonlySet<Tensor>): Format {
  return t.op.bytes ? "bytes" : halves?.has(t) ? "f16" : "f32";
}

/** Bytes that a tensor takes in a buffer. */
export function bufferBytes(t: Tensor, halves?: ReadonlySet<Tensor>): number {
  return quads(t.shape) * QUAD_BYTES[formatOf(t, halves)];
}

/** Those of `values` that are kept as halves: none of `whole`. */
export function chooseHalves(values: readonly Tensor[], whole: ReadonlySet<Tensor>): Set<Tensor> {
  return new Set(values.filter((t) => isFeatureMap(t) && !whole.has(t)));
}

/**
 * True for what may be kept as halves: values at the pixels of images [n, h, w, c], activations and their
 * gradients. What there is once for an image, a channel or a class stays float32, and so do weights.
 */
export function isFeatureMap({ op, shape }: Tensor): boolean {
  return shape.length === 4 && rows(shape) > shape[0]! && !op.bytes && !op.weights;
}
