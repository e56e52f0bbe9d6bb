/** Convolution over images, dense here; depthwise and grouped ones have files of their own. */

import dwShader from "../../shaders/conv2d_dw.wgsl" with { type: "text" };
import dxShader from "../../shaders/conv2d_dx.wgsl" with { type: "text" };
import shader from "../../shaders/conv2d.wgsl" with { type: "text" };
import { type Kernel, type Op, type Target, Tensor } from "../graph.ts";
import { ceilDiv, channelQuads, channels, rows, type Shape } from "../shape.ts";
import { depthwise } from "./depthwise.ts";
import { expandGroups } from "./groups.ts";
import { reshape } from "./layout.ts";
import { groupOf, layOut, sharing } from "./lanes.ts";
import { columnTile, matmul, splitK, SUM_BLOCK } from "./matmul.ts";
import { sumTo } from "./sum.ts";
import { forEachTap, tileWidth, type Window, type WindowOptions, windowOver } from "./window.ts";

/** Options of `conv2d`. */
export interface Conv2dOptions extends WindowOptions {
  /** Channels are split into this many parts that do not mix. Default 1. */
  readonly groups?: number;
}

/**
 * Convolves `x` [n, h, w, cin] with `w` [kh, kw, cin / groups, cout] → [n, oh, ow, cout], where
 * `oh = ⌊(h + 2·padding − kh) / stride⌋ + 1`, or `⌈h / stride⌉` with "same" padding; semantics of
 * `torch.nn.functional.conv2d` and, for "same", of TensorFlow's.
 * Throws RangeError where channels do not fit or the window is larger than the padded image.
 */
export function conv2d(x: Tensor, w: Tensor, options: Conv2dOptions = {}): Tensor {
  const { groups = 1 } = options;
  const [kh, kw, cin, cout] = w.shape as readonly [number, number, number, number];
  if (w.shape.length !== 4 || cin * groups !== channels(x.shape) || cout % groups) {
    throw new RangeError(
      `Cannot convolve [${x.shape}] with [${w.shape}] in ${groups} groups: ` +
        `[kh, kw, ${channels(x.shape) / groups}, a multiple of ${groups}] was needed`,
    );
  }
  const window = windowOver(x.shape, [kh, kw], options);
  if (groups > 1 && cin === 1 && cout === groups) {
    return depthwise(x, reshape(w, [kh, kw, cout]), window);
  }
  if (groups > 1) w = expandGroups(w, groups);
  if (kh === 1 && kw === 1 && window.stride === 1 && window.padding.every((p) => p === 0)) {
    return matmul(x, reshape(w, [channels(x.shape), cout]));
  }
  return new Tensor(conv2dOp, [x, w], [x.shape[0]!, ...window.output, cout], window) as Tensor;
}

/** Pixels to compute: lines of a width, of so many quads of channels, in some phases. */
interface Area {
  readonly lines: number;
  readonly width: number;
  readonly columns: number;
  readonly phases: number;
  /** Columns of the window that one pixel meets, and how far the windows of neighbours lie apart. */
  readonly taps: number;
  readonly step: number;
  /** Rows of weights in a quad of channels: 4, or fewer where there are fewer channels. */
  readonly rows: number;
}

/** Lines, columns and quads of channels that a thread computes, and workgroups to cover all of them. */
function tiling(area: Area, { threads, lanes, sums }: Target) {
  const { lines, width, columns, phases, taps, step, rows } = area;
  const whole = columnTile(columns);
  const sizes: { TH: number; TW: number; TN: number; SPAN: number }[] = [];
  for (const pixels of [8, 4, 2]) {
    const TW = tileWidth(width, pixels);
    for (let TH = Math.max(1, Math.floor(pixels / TW)); TH >= 1; TH >>= 1) {
      for (const TN of new Set([whole, whole % 2 ? 1 : 2, 1])) {
        sizes.push({ TH, TW, TN, SPAN: (TW - 1) * step + taps });
      }
    }
  }
  // What a thread works on: pixels, a row of the window, sums of a block and of all blocks.
  type Size = (typeof sizes)[0];
  const vectors = ({ TH, TW, TN, SPAN }: Size) => TH * SPAN + taps * rows * TN + 2 * TH * TW * TN;
  // Lanes that share weights work even where there are no pixels for them.
  const tiles = ({ TH, TW }: Size) => ceilDiv(width, TW) * ceilDiv(lines, TH);
  const count = (s: Size) => ceilDiv(tiles(s), lanes) * lanes * (columns / s.TN) * phases;
  const fitting = sizes.filter((s) => sums >= 32 || vectors(s) <= 32);
  const size = fitting.find((s) => count(s) >= threads) ?? fitting.at(-1) ?? sizes.at(-1)!;
  const across = columns / size.TN;
  const { axes, grid: [x, y] } = layOut(groupOf(across, lanes), across, tiles(size), lanes);
  const tile = {
    ...{ ...size, OUTPUTS: size.TH * size.TW * size.TN, TILES: ceilDiv(width, size.TW), ...axes },
    ...{ CJ: rows, LOADS: ceilDiv(rows * size.TN, lanes), BLOCK: SUM_BLOCK },
  };
  return { tile, grid: [x, y, phases] as const };
}

const conv2dOp: Op<Window> = {
  name: "conv2d",
  batch: { of: 1 },
  grad: (dy, { attrs }, x, w) => [
    conv2dInputGradient(dy, w!, x!.shape, attrs),
    conv2dWeightGradient(x!, dy, w!.shape, attrs),
  ],
  kernel(y, target): Kernel {
    const [x, w] = y.inputs as [Tensor, Tensor];
    const { kernel: [KH, KW], stride, padding: [PH, PW] } = y.attrs;
    const [n, OH, OW] = y.shape as [number, number, number, number];
    const [, H, W, CIN] = x.shape as [number, number, number, number];
    const COLS = channelQuads(w.shape);
    const { tile, grid } = tiling(
      {
        ...{ lines: n * OH, width: OW, columns: COLS, phases: 1 },
        ...{ taps: KW, step: stride, rows: Math.min(CIN, 4) },
      },
      target,
    );
    return {
      shader: sharing(shader, target.lanes, "share"),
      consts: {
        ...{ H, W, OH, OW, LINES: n * OH, C4: channelQuads(x.shape), CIN, COLS, KH, KW },
        ...{ S: stride, PH, PW, ...tile },
      },
      grid,
      loads: [
        ceilDiv(KH * tile.SPAN, tile.TW * stride * stride) * COLS / tile.TN,
        ceilDiv(tile.TILES * ceilDiv(n * OH, tile.TH), target.lanes),
      ],
      macs: rows(y.shape) * w.size,
    };
  },
  reference(y, x, w) {
    const [cin, cout] = y.inputs[1]!.shape.slice(2) as [number, number];
    const out = new Float64Array(y.size);
    forEachTap(y.inputs[0]!.shape, y.attrs, (from, to, tap) => {
      for (let c = 0; c < cin; c++) {
        for (let o = 0; o < cout; o++) {
          out[to * cout + o]! += x![from * cin + c]! * w![(tap * cin + c) * cout + o]!;
        }
      }
    });
    return out;
  },
};

/** `dx` [n, h, w, cin] of a convolution from `dy` [n, oh, ow, cout] and `w`. */
function conv2dInputGradient(dy: Tensor, w: Tensor, x: Shape, window: Window): Tensor {
  return new Tensor(inputGradientOp, [dy, w], x, window) as Tensor;
}

const inputGradientOp: Op<Window> = {
  name: "conv2dInputGradient",
  batch: { of: 1 },
  kernel(dx, target): Kernel {
    const [dy] = dx.inputs as [Tensor, Tensor];
    const { kernel: [KH, KW], stride, padding: [PH, PW] } = dx.attrs;
    const [n, H, W, CIN] = dx.shape as [number, number, number, number];
    const [, OH, OW] = dy.shape as [number, number, number, number];
    const [UH, UW] = [ceilDiv(H, stride), ceilDiv(W, stride)];
    const C4 = channelQuads(dx.shape);
    const TAPS = ceilDiv(KW, stride);
    const { tile, grid } = tiling(
      {
        ...{ lines: n * UH, width: UW, columns: C4, phases: stride * stride },
        ...{ taps: TAPS, step: 1, rows: Math.min(CIN, 4) },
      },
      target,
    );
    return {
      shader: sharing(dxShader, target.lanes, "share"),
      consts: {
        ...{ H, W, OH, OW, UH, UW, LINES: n * UH, N4: channelQuads(dy.shape), CIN, C4, KH, KW },
        ...{ S: stride, PH, PW, ...tile, TAPS },
      },
      grid,
      loads: [
        ceilDiv(KH * tile.SPAN * stride, tile.TW) * C4 / tile.TN,
        ceilDiv(tile.TILES * ceilDiv(n * UH, tile.TH), target.lanes),
      ],
      macs: rows(dy.shape) * dx.inputs[1]!.size,
    };
  },
  reference(dx, dy, w) {
    const [cin, cout] = dx.inputs[1]!.shape.slice(2) as [number, number];
    const out = new Float64Array(dx.size);
    forEachTap(dx.shape, dx.attrs, (from, to, tap) => {
      for (let c = 0; c < cin; c++) {
        for (let o = 0; o < cout; o++) {
          out[from * cin + c]! += dy![to * cout + o]! * w![(tap * cin + c) * cout + o]!;
        }
      }
    });
    return out;
  },
};

/** `dw` [kh, kw, cin, cout] of a convolution from `x` and `dy`, summed in a fixed order. */
function conv2dWeightGradient(x: Tensor, dy: Tensor, w: Shape, window: Window): Tensor {
  const [kh, kw, cin, cout] = w as readonly [number, number, number, number];
  const [n, oh, ow] = dy.shape as [number, number, number, number];
  const tiles = kh * channelQuads(x.shape) * channelQuads(dy.shape) /
    weightTile(kw, dy.shape, { lanes: 1, sums: 16 });
  const outputQuads = kh * kw * cin * channelQuads(dy.shape);
  const [strip, parts] = splitK(n * oh, tiles, outputQuads, ceilDiv(64, ow));
  const partial = new Tensor(
    weightGradientOp,
    [x, dy],
    [parts, kh * kw * cin, cout],
    { ...window, strip },
  );
  return reshape(sumTo(partial as Tensor, [kh * kw * cin, cout]), w);
}

/** Quads of output channels in a thread's registers beside a row of the window. */
function weightTile(kw: number, dy: Shape, { lanes, sums }: Omit<Target, "threads">): number {
  const most = lanes > 1 ? 3 * sums : Math.min(2 * sums, 32); // lanes that share pay little for more
  return [8, 4, 3, 2].find((t) => channelQuads(dy) % t === 0 && kw * 4 * t <= most) ?? 1;
}

const weightGradientOp: Op<Window & { readonly strip: number }> = {
  name: "conv2dWeightGradient",
  batch: {
    of: 2,
    remake: (dw, [x, dy]) => {
      const parts = ceilDiv(dy!.shape[0]! * dy!.shape[1]!, dw.attrs.strip);
      return new Tensor(
        weightGradientOp,
        [x!, dy!],
        [parts, ...dw.shape.slice(1)],
        dw.attrs,
      ) as Tensor;
    },
    strips: true,
  },
  kernel(dw, target): Kernel {
    const [x, dy] = dw.inputs as [Tensor, Tensor];
    const { kernel: [KH, KW], stride, padding: [PH, PW], strip } = dw.attrs;
    const [n, H, W, CIN] = x.shape as [number, number, number, number];
    const [, OH, OW] = dy.shape as [number, number, number, number];
    const C4 = channelQuads(x.shape);
    const LANES = C4 >= target.lanes ? target.lanes : 1;
    const TN = weightTile(KW, dy.shape, { ...target, lanes: LANES });
    const TILES = channelQuads(dy.shape) / TN;
    const FAST = ceilDiv(C4, LANES) * LANES;
    const THREADS = dw.shape[0]! * KH * FAST * TILES;
    const NEW = Math.min(stride, KW);
    return {
      shader: sharing(dwShader, LANES, "share"),
      consts: {
        ...{ H, W, OH, OW, LINES: n * OH, STRIP: strip, C4, CIN, KH, KW, S: stride, PH, PW },
        ...{ TN, TILES, CJ: Math.min(CIN, 4), THREADS, KEEP: KW - NEW, NEW },
        ...{ FAST, LANES, LOADS: ceilDiv(TN, LANES) },
      },
      grid: [ceilDiv(THREADS, 64), 1, 1],
      loads: [ceilDiv(KH, stride) * TILES, KH * FAST / LANES],
      macs: dy.size * KH * KW * CIN,
    };
  },
  reference(dw, x, dy) {
    const [x0, dy0] = dw.inputs as [Tensor, Tensor];
    const [cin, cout] = [channels(x0.shape), channels(dy0.shape)];
    const [, , ow] = dy0.shape as [number, number, number, number];
    const out = new Float64Array(dw.size);
    const step = dw.size / dw.shape[0]!;
    forEachTap(x0.shape, dw.attrs, (from, to, tap) => {
      const line = Math.floor(to / ow); // over all images, oh lines each
      const part = Math.floor(line / dw.attrs.strip) * step;
      for (let c = 0; c < cin; c++) {
        for (let o = 0; o < cout; o++) {
          out[part + (tap * cin + c) * cout + o]! += x![from * cin + c]! * dy![to * cout + o]!;
        }
      }
    });
    return out;
  },
};
