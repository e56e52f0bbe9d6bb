/** Sums over the parts of an arena, each in a fixed order: what norms of single tensors are made of. */

import shader from "../../shaders/sum_parts.wgsl" with { type: "text" };
import { constant, type Op, Tensor } from "../graph.ts";
import { flatGrid } from "./layout.ts";
import { sum } from "./sum.ts";

/** The rows of an arena that belong to one part: the first, and how many. */
export type PartRows = readonly [first: number, count: number];

const sumPartsOp: Op<{ parts: readonly PartRows[] }> = {
  name: "sumParts",
  kernel({ attrs: { parts } }) {
    return {
      shader,
      consts: { PARTS: parts.length },
      grid: flatGrid(64 * parts.length),
    };
  },
  reference({ attrs: { parts }, size }, rows) {
    const y = new Float64Array(size);
    for (const [first, count] of parts) {
      y.fill(rows!.subarray(first, first + count).reduce((a, b) => a + b, 0), first, first + count);
    }
    return y;
  },
};

/**
 * In each row of an arena the sum of all numbers of its part: [rows, c] → [rows, 1]. Every row belongs to a part.
 * No gradient flows.
 */
export function sumParts(x: Tensor, parts: readonly PartRows[]): Tensor {
  const rows = sum(x, [1]);
  const table = constant(parts.flat(), [parts.length, 2]);
  return new Tensor(sumPartsOp, [rows, table], rows.shape, { parts }) as Tensor;
}
