/** Ops that move or rename elements: reshape, transpose, rows, parts of an arena, packing into one. */

import gather from "../../shaders/gather.wgsl" with { type: "text" };
import { type Op, Tensor } from "../graph.ts";
import {
  ceilDiv,
  channelQuads,
  channels,
  elementAt,
  quads,
  rows,
  sameShape,
  type Shape,
  size,
  storedIndex,
} from "../shape.ts";

const viewOp: Op = {
  name: "reshape",
  grad: (dy, _, x) => [reshape(dy, x!.shape)],
  view: () => 0,
  batch: { of: 1 },
  reference: (_, x) => x!,
};

function gatherKernel(y: Tensor<{ strides: readonly number[] }>) {
  const shape = [1, 1, 1, 1, 1, ...y.shape].slice(-6);
  const strides = [0, 0, 0, 0, 0, ...y.attrs.strides].slice(-6);
  const consts: Record<string, number> = {
    ROWS: rows(y.shape),
    C4: channelQuads(y.shape),
    FROM: channels(y.inputs[0]!.shape),
  };
  shape.forEach((d, i) => consts[`D${i}`] = d);
  strides.forEach((s, i) => consts[`S${i}`] = s);
  return { shader: gather, consts, grid: flatGrid(quads(y.shape)) };
}

/** Workgroups of 64 for `n` invocations, as a grid no side of which is above the limit. */
export function flatGrid(n: number): readonly [number, number, number] {
  const groups = ceilDiv(n, 64);
  const side = 32768;
  return groups <= side ? [groups, 1, 1] : [side, ceilDiv(groups, side), 1];
}

/** `x` with its axes in another order: axis `i` of the result is axis `axes[i]` of `x`. At most 6 axes. */
export function transpose(x: Tensor, axes: readonly number[]): Tensor {
  const sorted = [...axes].sort((a, b) => a - b);
  if (axes.length !== x.shape.length || sorted.some((a, i) => a !== i) || axes.length > 6) {
    throw new RangeError(
      `Cannot transpose [${x.shape}] by [${axes}]: each of its axes was needed once, 6 at most`,
    );
  }
  const steps = x.shape.map((_, axis) => size(x.shape.slice(axis + 1)));
  const shape = axes.map((a) => x.shape[a]!);
  return new Tensor(transposeOp, [x], shape, { strides: axes.map((a) => steps[a]!), axes });
}

const transposeOp: Op<{ strides: readonly number[]; axes: readonly number[] }> = {
  name: "transpose",
  grad: (dy, { attrs: { axes } }) => [transpose(dy, axes.map((_, i) => axes.indexOf(i)))],
  kernel: gatherKernel,
  reference: (y, x) => x!.map((_, i) => x![elementAt(i, y.shape, y.attrs.strides)]!),
};

const reshapeOp: Op<{ strides: readonly number[] }> = {
  name: "reshape",
  grad: (dy, _, x) => [reshape(dy, x!.shape)],
  kernel: gatherKernel,
  reference: (_, x) => x!,
};

/** `x` with the same elements in the same order under another shape. Free where the channels stay. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (size(shape) !== x.size) {
    throw new RangeError(
      `Cannot reshape [${x.shape}] to [${shape}]: ${x.size} elements, ${size(shape)} were needed`,
    );
  }
  if (sameShape(shape, x.shape)) return x;
  const [from, to] = [channels(x.shape), channels(shape)];
  if (from === to || (from % 4 === 0 && to % 4 === 0)) return new Tensor(viewOp, [x], shape, {});
  const strides = shape.map((_, axis) => size(shape.slice(axis + 1)));
  return new Tensor(reshapeOp, [x], shape, { strides });
}

/** `[n, h, w, c]` → `[n, h·w·c]`. */
export function flatten(x: Tensor): Tensor {
  return reshape(x, [x.shape[0]!, size(x.shape.slice(1))]);
}

const rowOp: Op<{ index: number }> = {
  name: "row",
  view: (y) => y.attrs.index * channelQuads(y.shape),
  reference: ({ attrs: { index }, size }, x) => x!.slice(index * size, (index + 1) * size),
};

/** Row `index` of `x` [k, c] → [c]. No gradient flows. */
export function row(x: Tensor, index: number): Tensor {
  if (x.shape.length !== 2 || index < 0 || index >= x.shape[0]!) {
    throw new RangeError(
      `Cannot take row ${index} of [${x.shape}]: a matrix with that row was needed`,
    );
  }
  return new Tensor(rowOp, [x], [x.shape[1]!], { index });
}

const afterOp: Op = { name: "after", view: () => 0, batch: { of: 2 }, reference: (_, x) => x! };

/**
 * `x`, read only once `y` has been computed. What is made of it stays apart from the same made of `x` itself:
 * it is computed again, at that time. No gradient flows.
 */
export function after(x: Tensor, y: Tensor): Tensor {
  return new Tensor(afterOp, [x, y], x.shape, {});
}

/** Quads in a row of an arena. Parts begin at multiples of 256 bytes, so that any device can bind them. */
const PART_QUADS = 16;

/**
 * The stretch of an arena that holds each shape: where it begins, in quads, and the shape of the arena,
 * [rows, 64]. Every row belongs to one part, so that [rows, 1] holds a number for each part.
 */
export function arenaLayout(shapes: readonly Shape[]): { offsets: number[]; shape: Shape } {
  let end = 0;
  const offsets = shapes.map((shape) => {
    const at = end;
    end = ceilDiv(at + quads(shape), PART_QUADS) * PART_QUADS;
    return at;
  });
  return { offsets, shape: [end / PART_QUADS, PART_QUADS * 4] };
}

const partOp: Op<{ offset: number }> = {
  name: "part",
  view: (y) => y.attrs.offset,
  reference(y, arena) {
    const stored = arena!.subarray(y.attrs.offset * 4);
    const at = storedIndex(y.shape);
    return Float64Array.from({ length: y.size }, (_, i) => stored[at(i)]!);
  },
};

/** The tensor of `shape` stored in `arena` from quad `offset` on. No gradient flows. */
export function part(arena: Tensor, offset: number, shape: Shape): Tensor {
  if (offset < 0 || offset + quads(shape) > quads(arena.shape)) {
    throw new RangeError(
      `Cannot take [${shape}] at quad ${offset} of [${arena.shape}]: ${
        quads(shape)
      } quads were needed there`,
    );
  }
  return new Tensor(partOp, [arena], shape, { offset });
}

const packOp: Op<{ offsets: readonly number[] }> = {
  name: "pack",
  reference(y, ...inputs) {
    const out = new Float64Array(y.size);
    inputs.forEach((values, k) => {
      const at = storedIndex(y.inputs[k]!.shape);
      values.forEach((v, i) => out[y.attrs.offsets[k]! * 4 + at(i)] = v);
    });
    return out;
  },
};

/** One flat arena that holds `parts` as `arenaLayout` says; where possible they are computed in place. */
export function pack(parts: readonly Tensor[]): Tensor {
  const { offsets, shape } = arenaLayout(parts.map((t) => t.shape));
  return new Tensor(packOp, parts, shape, { offsets }) as Tensor;
}

/** `parts` one behind the other along the first axis, as [`shape`]; where possible they are computed in place. */
export function concatenate(parts: readonly Tensor[], shape: Shape): Tensor {
  let end = 0;
  const offsets = parts.map((t) => (end += quads(t.shape)) - quads(t.shape));
  const first = parts.reduce((n, t) => n + t.shape[0]!, 0);
  const arena = new Tensor(packOp, parts, [end * 4], { offsets }) as Tensor;
  return part(arena, 0, [first, ...shape.slice(1)]);
}

const imagesOp: Op<{ from: number }> = {
  name: "images",
  view: (y) => y.attrs.from * quads(y.shape) / y.shape[0]!,
  reference: (y, x) => x!.slice(y.attrs.from * y.size / y.shape[0]!).subarray(0, y.size),
};

/** The `count` images of `x` [n, …] from image `from` on. No gradient flows. */
export function imagesOf(x: Tensor, from: number, count: number): Tensor {
  return new Tensor(imagesOp, [x], [count, ...x.shape.slice(1)], { from });
}

/** Where the parts of a packed arena begin, in quads; undefined for any other tensor. */
export function packOffsets(t: Tensor): readonly number[] | undefined {
  return t.op === packOp as Op ? (t.attrs as { offsets: readonly number[] }).offsets : undefined;
}
