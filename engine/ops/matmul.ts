/** Matrix products: rows of activations times weights, and both gradients. Also every 1×1 convolution. */

import nnShader from "../../shaders/matmul.wgsl" with { type: "text" };
import tnShader from "../../shaders/matmul_tn.wgsl" with { type: "text" };
import ntShader from "../../shaders/matmul_nt.wgsl" with { type: "text" };
import { type Op, type Target, Tensor } from "../graph.ts";
import { ceilDiv, channelQuads, channels, rows } from "../shape.ts";
import { groupOf, laneSplitTile, layOut, sharing } from "./lanes.ts";
import { sumTo } from "./sum.ts";
import { chooseTile, type Product } from "./tiles.ts";

/** Quads of channels whose products are summed before they join the sum of all: less rounding. */
export const SUM_BLOCK = 16;

/** The largest of 4, 3, 2, 1 that divides `n` and is at most `most`: quads of columns a thread computes. */
export function columnTile(n: number, most = 4): number {
  return [4, 3, 2].find((t) => t <= most && n % t === 0) ?? 1;
}

/** The size from `most` down to its half that covers `length` with the least left over; large ones first. */
function leastWaste(length: number, most: number): number {
  const waste = (t: number) => ceilDiv(length, t) * t - length;
  let best = Math.min(length, most);
  for (let t = best; t > most / 2; t--) if (waste(t) < waste(best)) best = t;
  return best;
}

const matmulOp: Op = {
  name: "matmul",
  batch: { of: 1 },
  // Y = X·W, so dX = dY·Wᵀ and dW = Xᵀ·dY.
  grad: (dy, _, x, w) => [matmulNT(dy, w!), matmulTN(x!, dy)],
  kernel(y, target, run) {
    const w = y.inputs[1]!;
    return { ...product("NN", y, target, run), macs: rows(y.shape) * w.size };
  },
  reference(y, x, w) {
    const [k, n] = y.inputs[1]!.shape as [number, number];
    const out = new Float64Array(y.size);
    for (let r = 0; r < out.length / n; r++) {
      for (let p = 0; p < k; p++) {
        for (let j = 0; j < n; j++) out[r * n + j]! += x![r * k + p]! * w![p * n + j]!;
      }
    }
    return out;
  },
};

const matmulNTOp: Op = {
  name: "matmulNT",
  batch: { of: 1 },
  grad: (dy, _, a, w) => [matmul(dy, w!), matmulTN(dy, a!)],
  kernel(y, target, run) {
    const w = y.inputs[1]!;
    return { ...product("NT", y, target, run), macs: rows(y.shape) * w.size };
  },
  reference(y, a, w) {
    const [k, n] = y.inputs[1]!.shape as [number, number];
    const out = new Float64Array(y.size);
    for (let r = 0; r < out.length / k; r++) {
      for (let p = 0; p < k; p++) {
        for (let j = 0; j < n; j++) out[r * k + p]! += a![r * n + j]! * w![p * n + j]!;
      }
    }
    return out;
  },
};

/** More tiles below each other than any grid has. */
const ONE_RUN = 1 << 24;

/** A kernel that computes `y`, a tile of rows by quads in each thread; no workgroup mixes rows of two runs. */
function product(kind: Product["kind"], y: Tensor, target: Target, run = rows(y.shape)) {
  const [x, w] = y.inputs as [Tensor, Tensor];
  const [ROWS, COLS] = [rows(y.shape), channelQuads(y.shape)];
  const inner = channelQuads(x.shape);
  const [shader, sizes] = kind === "NN" ? [nnShader, { K4: inner }] : [ntShader, { N4: inner }];
  const { lanes } = target;
  const RUN = lanes > 1 ? ROWS : run; // lanes keep no sums apart
  const tile = chooseTile({ kind, rows: ROWS, inner, columns: COLS }, target);
  const { TN } = tile;
  const TM = RUN === ROWS ? tile.TM : leastWaste(RUN, tile.TM);
  const group = groupOf(COLS / TN, lanes);
  const perRun = ceilDiv(ceilDiv(RUN, TM), group.down) * group.down;
  // A power of two where all rows are one run: the same text for any number of rows, and no division.
  const SPAN = lanes > 1 ? ONE_RUN : perRun;
  const { axes, grid } = layOut(group, COLS / TN, ROWS / RUN * perRun, lanes);
  return {
    shader: sharing(shader, lanes, "share"),
    consts: {
      ...{ ...sizes, K: w.shape[0]!, ROWS, COLS, RUN, SPAN, TM, TN, LOADS: ceilDiv(4 * TN, lanes) },
      ...{ BLOCK: SUM_BLOCK, ...axes },
    },
    grid: [...grid, 1] as const,
    loads: [COLS / TN, ceilDiv(ROWS, TM * lanes)],
  };
}

/** Quads of rows and of columns of a weight gradient in a thread's registers. */
function sumsTile(K4: number, COLS: number, { sums }: Target) {
  const most = sums / 4;
  return { TK: columnTile(K4, most), TN: columnTile(COLS, most) };
}

/**
 * Terms of a split-K strip, `least` or more, and how many strips `count` terms make: fixed by shapes
 * alone, so results do not change.
 */
export function splitK(
  count: number,
  tiles: number,
  outputQuads: number,
  least = 128,
): [number, number] {
  // Enough threads to fill a device, partial sums of 8 MB at most.
  const wanted = Math.min(
    ceilDiv(4096, tiles),
    Math.floor((1 << 19) / outputQuads),
    Math.floor(count / least),
  );
  const strip = ceilDiv(count, Math.max(wanted, 1));
  return [strip, ceilDiv(count, strip)];
}

interface SplitAttrs {
  readonly strip: number;
}

const matmulTNOp: Op<SplitAttrs> = {
  name: "matmulTN",
  batch: {
    of: 2,
    remake: (y, [x, d]) => {
      const parts = ceilDiv(rows(x!.shape), y.attrs.strip);
      return new Tensor(matmulTNOp, [x!, d!], [parts, ...y.shape.slice(1)], y.attrs) as Tensor;
    },
    strips: true,
  },
  kernel(y, target) {
    const [x, d] = y.inputs as [Tensor, Tensor];
    const [parts, K] = y.shape as [number, number, number];
    const [K4, COLS] = [channelQuads(x.shape), channelQuads(d.shape)];
    const tile = target.lanes > 1
      ? laneSplitTile(rows(x.shape), K4, COLS, target.lanes)
      : { ...sumsTile(K4, COLS, target), XLANES: 1, DLANES: 1, UNROLL: 1 };
    const { TK, TN, XLANES, DLANES } = tile;
    // Lanes that share an operand lie along the other axis.
    const AXIS = DLANES > 1 ? 1 : 0;
    const counts = [ceilDiv(COLS, TN), ceilDiv(K4, TK)];
    const lanes = XLANES * DLANES;
    const FAST = ceilDiv(counts[AXIS]!, lanes) * lanes;
    const SLOW = counts[1 - AXIS]!;
    const THREADS = FAST * SLOW * parts;
    return {
      shader: sharing(sharing(tnShader, XLANES, "share_x"), DLANES, "share_d"),
      consts: {
        ...{ ROWS: rows(x.shape), K, K4, COLS, STRIP: y.attrs.strip, AXIS, FAST, SLOW, THREADS },
        ...{ ...tile, XLOADS: ceilDiv(TK, XLANES), DLOADS: ceilDiv(TN, DLANES) },
      },
      grid: [ceilDiv(THREADS, 64), 1, 1] as const,
      loads: [ceilDiv(counts[0]!, XLANES), ceilDiv(counts[1]!, DLANES)],
      macs: x.size * channels(d.shape),
    };
  },
  reference({ shape, attrs: { strip } }, x, d) {
    const [parts, k, n] = shape as [number, number, number];
    const out = new Float64Array(parts * k * n);
    for (let r = 0; r < x!.length / k; r++) {
      const at = Math.floor(r / strip) * k;
      for (let p = 0; p < k; p++) {
        for (let j = 0; j < n; j++) out[(at + p) * n + j]! += x![r * k + p]! * d![r * n + j]!;
      }
    }
    return out;
  },
};

/** `x · w`: [..., k] by [k, n] → [..., n]. Throws RangeError where the inner sizes differ. */
export function matmul(x: Tensor, w: Tensor): Tensor {
  const k = channels(x.shape);
  if (w.shape.length !== 2 || w.shape[0] !== k) {
    throw new RangeError(
      `Cannot multiply [${x.shape}] by [${w.shape}]: a matrix with ${k} rows was needed`,
    );
  }
  return new Tensor(matmulOp, [x, w], [...x.shape.slice(0, -1), w.shape[1]!], {});
}

/** `a · wᵀ`: [..., n] by [k, n] → [..., k]. */
export function matmulNT(a: Tensor, w: Tensor): Tensor {
  if (w.shape.length !== 2 || w.shape[1] !== channels(a.shape)) {
    throw new RangeError(
      `Cannot multiply [${a.shape}] by [${w.shape}]ᵀ: a matrix with ${
        channels(a.shape)
      } columns was needed`,
    );
  }
  return new Tensor(matmulNTOp, [a, w], [...a.shape.slice(0, -1), w.shape[0]!], {});
}

/** `xᵀ · d`: [..., k] by [..., n] → [k, n], summed over all rows in a fixed order. */
export function matmulTN(x: Tensor, d: Tensor): Tensor {
  const [k, n] = [channels(x.shape), channels(d.shape)];
  const count = rows(x.shape);
  if (count !== rows(d.shape)) {
    throw new RangeError(
      `Cannot multiply [${x.shape}]ᵀ by [${d.shape}]: ${count} and ${rows(d.shape)} rows`,
    );
  }
  const [k4, n4] = [channelQuads(x.shape), channelQuads(d.shape)];
  const tiles = (k4 / columnTile(k4)) * (n4 / columnTile(n4));
  const [strip, parts] = splitK(count, tiles, k * n4);
  const partial = new Tensor(matmulTNOp, [x, d], [parts, k, n], { strip });
  return sumTo(partial as Tensor, [k, n]);
}
