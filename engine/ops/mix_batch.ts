/** Mixing each image of a batch with the one before it: by shares, or by a rectangle. */

import mixBatchShader from "../../shaders/mix_batch.wgsl" with { type: "text" };
import { type Op, Tensor } from "../graph.ts";
import { channelQuads, channels, quads } from "../shape.ts";
import { flatGrid } from "./layout.ts";

const mixBatchOp: Op = {
  name: "mixBatch",
  kernel: (y) => ({
    shader: mixBatchShader,
    consts: {
      ...{ N: y.shape[0]!, H: y.shape[1]!, W: y.shape[2]!, C4: channelQuads(y.shape) },
    },
    grid: flatGrid(quads(y.shape)),
    loads: [2, 1],
  }),
  reference(y, x, numbers) {
    const [, h, w] = y.shape as [number, number, number];
    const c = channels(y.shape);
    const [share = 0, left = 0, top = 0, right = 0, bottom = 0] = numbers!;
    const one = h * w * c;
    return x!.map((own, i) => {
      const other = x![i < one ? x!.length - one + i : i - one]!;
      const [column, row] = [Math.floor(i / c) % w, Math.floor(i / c / w) % h];
      const inside = column >= left && row >= top && column < right && row < bottom;
      return inside ? other : share * own + (1 - share) * other;
    });
  },
};

/** Numbers that say how a batch is mixed. */
export const MIX_NUMBERS = 8;

/**
 * Each image of [n, h, w, c] mixed with the one before it, the first with the last. `numbers`
 * [{@linkcode MIX_NUMBERS}] are the share that an image keeps of itself, then left, top, right and bottom of a
 * box that the other fills, in pixels. No gradient flows. Throws RangeError for other shapes.
 */
export function mixBatch(images: Tensor, numbers: Tensor): Tensor {
  if (images.shape.length !== 4 || numbers.size !== MIX_NUMBERS) {
    throw new RangeError(
      `Cannot mix [${images.shape}] by [${numbers.shape}]: [n, h, w, c] and [${MIX_NUMBERS}] were needed`,
    );
  }
  return new Tensor(mixBatchOp, [images, numbers], images.shape, {});
}
