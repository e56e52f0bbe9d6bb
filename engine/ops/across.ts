/** What several ranks have of a small tensor, put together by the host while the program waits. Knows no ranks. */

import { type Op, Tensor } from "../graph.ts";
import { channels } from "../shape.ts";

const sumAcrossOp: Op = {
  name: "sumAcross",
  grad: (dy) => [sumAcross(dy)],
  across: ({ size }, parts) =>
    Float64Array.from({ length: size }, (_, i) => parts.reduce((sum, part) => sum + part[i]!, 0)),
  reference: (y, x) => sumAcrossOp.across!(y, [x!]),
};

/** The sum over all ranks, the same on each of them; with one rank `x`. */
export function sumAcross(x: Tensor): Tensor {
  return new Tensor(sumAcrossOp, [x], x.shape, {});
}

const momentsAcrossOp: Op = {
  name: "momentsAcross",
  across({ shape, size }, parts) {
    const c = channels(shape);
    const all = new Float64Array(size);
    for (let k = 0; k < c; k++) {
      for (const part of parts) all[k]! += part[k]! / parts.length;
      for (const part of parts) {
        all[c + k]! += (part[c + k]! + (part[k]! - all[k]!) ** 2) / parts.length;
      }
    }
    return all;
  },
  reference: (y, x) => momentsAcrossOp.across!(y, [x!]),
};

/**
 * Mean and biased variance [2, c] of the rows of all ranks, from those of each, which have as many rows. Their gradient
 * belongs to `batchNorm`.
 */
export function momentsAcross(moments: Tensor): Tensor {
  return new Tensor(momentsAcrossOp, [moments], moments.shape, {});
}
