/** Matrix products: rows of activations times weights, and both gradients. Also every 1×1 convolution. */

import nnShader from "../../shaders/matmul.wgsl" with { type: "text" };
import tnShader from "../../shaders/matmul_tn.wgsl" with { type: "text" };
import ntShader from "../../shaders/matmul_nt.wgsl" with { type: "text" };
import { type Op, Tensor } from "../graph.ts";
import { ceilDiv, channelQuads, channels, rows } from "../shape.ts";
import { sumTo } from "./sum.ts";

/** Quads of channels whose products are summed before they join the sum of all: less rounding. */
export const SUM_BLOCK = 16;

/** The largest of 4, 3, 2, 1 that divides `n`: quads of columns a thread computes. */
export function columnTile(n: number): number {
  return [4, 3, 2].find((t) => n % t === 0) ?? 1;
}

/** Width of a workgroup of 64 that has `n` tiles side by side. */
export function workgroupWidth(n: number): number {
  return [8, 4, 2].find((w) => n >= w) ?? 1;
}

/** Rows a thread computes: 8, or fewer where that would leave fewer than `threads`. */
export function rowTile(rows: number, columnTiles: number, threads: number): number {
  return [8, 4, 2].find((t) => ceilDiv(rows, t) * columnTiles >= threads) ?? (rows > 1 ? 2 : 1);
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
  // Y = X·W, so dX = dY·Wᵀ and dW = Xᵀ·dY.
  grad: (dy, _, x, w) => [matmulNT(dy, w!), matmulTN(x!, dy)],
  kernel(y, threads, run) {
    const [x, w] = y.inputs as [Tensor, Tensor];
    const consts = { K: w.shape[0]!, K4: channelQuads(x.shape) };
    return product(nnShader, y, threads, consts, run);
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
  grad: (dy, _, a, w) => [matmul(dy, w!), matmulTN(dy, a!)],
  kernel(y, threads, run) {
    const [a, w] = y.inputs as [Tensor, Tensor];
    const consts = { K: w.shape[0]!, N4: channelQuads(a.shape) };
    return product(ntShader, y, threads, consts, run);
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

/** A kernel that computes `y`, a tile of rows by quads in each thread; no workgroup mixes rows of two runs. */
function product(
  shader: string,
  y: Tensor,
  threads: number,
  consts: Record<string, number>,
  run = rows(y.shape),
) {
  const [ROWS, COLS] = [rows(y.shape), channelQuads(y.shape)];
  const TN = columnTile(COLS);
  const most = rowTile(ROWS, COLS / TN, threads);
  const TM = run === ROWS ? most : leastWaste(run, most);
  const WX = workgroupWidth(COLS / TN);
  const tiles = ceilDiv(run, TM);
  const WY = run === ROWS ? 64 / WX : leastWaste(tiles, 64 / WX);
  const SPAN = ceilDiv(tiles, WY) * WY;
  return {
    shader,
    consts: { ...consts, ROWS, COLS, RUN: run, SPAN, TM, TN, WX, WY, BLOCK: SUM_BLOCK },
    grid: [ceilDiv(COLS / TN, WX), (ROWS / run) * SPAN / WY, 1] as const,
    loads: [COLS / TN, ceilDiv(ROWS, TM)],
  };
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
  kernel(y) {
    const [x, d] = y.inputs as [Tensor, Tensor];
    const [parts, k] = y.shape as [number, number, number];
    const [K4, COLS] = [channelQuads(x.shape), channelQuads(d.shape)];
    const TK = columnTile(K4);
    const TN = columnTile(COLS);
    const tiles = (K4 / TK) * (COLS / TN);
    return {
      shader: tnShader,
      consts: {
        K: k,
        TILES: COLS / TN,
        THREADS: tiles * parts,
        KTILES: K4 / TK,
        ROWS: rows(x.shape),
        STRIP: y.attrs.strip,
        TK,
        TN,
      },
      grid: [ceilDiv(tiles * parts, 64), 1, 1] as const,
      loads: [COLS / TN, K4 / TK],
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
