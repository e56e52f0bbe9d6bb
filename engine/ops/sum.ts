/** Sums: over any axes, in a fixed order. */

import sumChannelsShader from "../../shaders/sum_channels.wgsl" with { type: "text" };
import sumShader from "../../shaders/sum.wgsl" with { type: "text" };
import sumRowsShader from "../../shaders/sum_rows.wgsl" with { type: "text" };
import { type Op, Tensor } from "../graph.ts";
import {
  broadcastStrides,
  ceilDiv,
  channelQuads,
  quads,
  rows,
  type Shape,
  size,
} from "../shape.ts";
import { concatenate, flatGrid, reshape } from "./layout.ts";
import { add, broadcastTo, full, mul } from "./pointwise.ts";

const sumOp: Op<{ runs: number }> = {
  name: "sum",
  reduction: (y) => ({ shader: sumShader, state: 1, runs: y.attrs.runs }),
  batch: {
    of: 1,
    remake: (y, [x]) => {
      const { runs } = y.attrs;
      const share = runs === 1 ? 1 : rows(x!.shape) / rows(y.inputs[0]!.shape);
      return new Tensor(sumOp, [x!], [runs * share, 1, 1, y.shape[3]!], {
        runs: runs * share,
      }) as Tensor;
    },
    join: (y, parts) => y.attrs.runs === 1 ? parts.reduce(add) : concatenate(parts, y.shape),
  },
  reference({ attrs: { runs }, size: length }, x) {
    const y = new Float64Array(length);
    const c = length / runs;
    const run = x!.length / runs;
    x!.forEach((v, i) => y[Math.floor(i / run) * c + i % c]! += v);
    return y;
  },
};

interface RowsAttrs {
  /** `x` is seen as [outer, count, inner, c]; `y` is [outer, parts, inner, c]. */
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
  readonly parts: number;
}

const sumRowsOp: Op<RowsAttrs> = {
  name: "sumRows",
  // For strips of sums over a batch, which each of its slices has of its own.
  batch: {
    of: 1,
    remake: (y, [x]) => {
      const count = y.attrs.count * x!.size / y.inputs[0]!.size;
      return new Tensor(sumRowsOp, [x!], y.shape, { ...y.attrs, count }) as Tensor;
    },
    join: (_, parts) => parts.reduce(add),
  },
  stretches: ({ attrs: { outer, count, parts } }) => outer * parts === 1 ? count : undefined,
  kernel: (y) => ({
    shader: sumRowsShader,
    consts: {
      COUNT: y.attrs.count,
      INNER: y.attrs.inner,
      PARTS: y.attrs.parts,
      STRIP: ceilDiv(y.attrs.count, y.attrs.parts),
      ROWS: rows(y.shape),
      C4: channelQuads(y.shape),
    },
    grid: flatGrid(quads(y.shape)),
  }),
  reference({ attrs: { outer, count, parts }, size: length }, x) {
    const y = new Float64Array(length);
    const width = length / (outer * parts); // inner · c
    const strip = ceilDiv(count, parts);
    for (let o = 0; o < outer; o++) {
      for (let r = 0; r < count; r++) {
        const to = (o * parts + Math.floor(r / strip)) * width;
        for (let i = 0; i < width; i++) y[to + i]! += x![(o * count + r) * width + i]!;
      }
    }
    return y;
  },
};

const sumChannelsOp: Op = {
  name: "sumChannels",
  batch: { of: 1 },
  kernel: (y) => ({
    shader: sumChannelsShader,
    consts: { ROWS: rows(y.shape), C4: channelQuads(y.inputs[0]!.shape) },
    grid: flatGrid(rows(y.shape)),
  }),
  reference(y, x) {
    const c = x!.length / y.size;
    return Float64Array.from(
      { length: y.size },
      (_, r) => x!.subarray(r * c, (r + 1) * c).reduce((a, b) => a + b, 0),
    );
  },
};

// The stages carry no gradient: `sumTo(last stage, x)` is the op that autodiff sees.
const sumToOp: Op = {
  name: "sumTo",
  reads: 1,
  batch: {
    of: 1, // a single strip
    remake: (y, [x]) => new Tensor(sumToOp, [x!], y.shape, {}),
    join: (_, parts) => parts.reduce(add),
  },
  grad: (dy, _, __, x) => [null, broadcastTo(dy, x!.shape)],
  view: () => 0,
  reference: (_, staged) => staged!,
};

/** How many strips a sum of `count` terms is cut into when `width` results run side by side. */
function stripCount(count: number, width: number): number {
  return Math.max(1, Math.min(ceilDiv(count, 1024), ceilDiv(2048, width)));
}

/** Sums `count` axes' worth of rows: [outer, count, inner, c] → [outer, inner, c] (flat shapes). */
function sumBlock(x: Tensor, outer: number, count: number, inner: number, c: number): Tensor {
  if (inner === 1) {
    return new Tensor(sumOp, [x], [outer, 1, 1, c], { runs: outer }) as Tensor;
  }
  const parts = stripCount(count, outer * inner * ceilDiv(c, 4));
  const stage = (t: Tensor, count: number, parts: number) =>
    new Tensor(sumRowsOp, [t], [outer, parts, inner, c], { outer, count, inner, parts });
  const first = stage(x, count, parts);
  return parts === 1 ? first : stage(first, parts, 1);
}

/** Sums `x` over its axes until it has `shape`; the reverse of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const strides = broadcastStrides(shape, x.shape);
  const stretched = x.shape.map((d, axis) => d > 1 && strides[axis] === 0);
  let sizes = [...x.shape];
  let sum = x;
  for (let axis = x.shape.length - 2; axis >= 0; axis--) {
    if (!stretched[axis]) continue;
    let first = axis;
    while (first > 0 && (stretched[first - 1] || sizes[first - 1] === 1)) first--;
    const outer = size(sizes.slice(0, first));
    const count = size(sizes.slice(first, axis + 1));
    const inner = size(sizes.slice(axis + 1, -1));
    sum = sumBlock(sum, outer, count, inner, sizes.at(-1)!);
    sizes = sizes.map((d, i) => i >= first && i <= axis ? 1 : d);
    axis = first;
  }
  if (stretched.at(-1)) {
    sizes = [...sizes.slice(0, -1), 1];
    sum = new Tensor(sumChannelsOp, [sum], sizes, {});
  }
  return new Tensor(sumToOp, [sum, x], shape, {});
}

/** The sum over `axes` (all where left out), which stay with size 1. */
export function sum(x: Tensor, axes?: readonly number[]): Tensor {
  return sumTo(x, axes ? x.shape.map((d, i) => axes.includes(i) ? 1 : d) : []);
}

/** The mean over `axes` (all where left out), which stay with size 1. */
export function mean(x: Tensor, axes?: readonly number[]): Tensor {
  const total = sum(x, axes);
  return mul(total, full(total.size / x.size, []));
}

/** Average over height and width: [n, h, w, c] → [n, 1, 1, c]. */
export function globalAveragePool(x: Tensor): Tensor {
  return mean(x, [1, 2]);
}

/** [n, 1, 1, c] → [n, c], where a layer wants rows. */
export function squeeze(x: Tensor): Tensor {
  return reshape(x, [x.shape[0]!, x.shape.at(-1)!]);
}
