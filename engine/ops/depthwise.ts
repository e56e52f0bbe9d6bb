/** Depthwise convolution: one filter for each channel. Reached through `conv2d` with as many groups. */

import pairShader from "../../shaders/depthwise_pair.wgsl" with { type: "text" };
import dwShader from "../../shaders/depthwise_dw.wgsl" with { type: "text" };
import dxShader from "../../shaders/depthwise_dx.wgsl" with { type: "text" };
import shader from "../../shaders/depthwise.wgsl" with { type: "text" };
import { type Kernel, type Op, type Target, Tensor } from "../graph.ts";
import { ceilDiv, channelQuads, channels, type Shape } from "../shape.ts";
import { flatGrid } from "./layout.ts";
import { workgroupWidth } from "./lanes.ts";
import { sumTo } from "./sum.ts";
import { forEachTap, tileWidth, type Window } from "./window.ts";

/** `x` [n, h, w, c] with `w` [kh, kw, c] → [n, oh, ow, c]. */
export function depthwise(x: Tensor, w: Tensor, window: Window): Tensor {
  const shape = [x.shape[0]!, ...window.output, channels(x.shape)];
  return new Tensor(depthwiseOp, [x, w], shape, window) as Tensor;
}

/** Pixels that threads walk down: lines of a width in images, of so many quads of channels. */
interface Area {
  readonly images: number;
  readonly lines: number;
  readonly width: number;
  readonly C4: number;
}

/**
 * Tiles of `TW` columns at most, as tall as leave `threads` threads, each of STRIP images: the taller, the
 * fewer lines are read twice.
 */
function tiling({ images, lines, width, C4 }: Area, most: number, threads: number) {
  const TW = tileWidth(width, most);
  const TILESW = ceilDiv(width, TW);
  const wanted = ceilDiv(threads, C4 * TILESW);
  const STRIP = ceilDiv(images, Math.min(images, wanted));
  const strips = ceilDiv(images, STRIP);
  const TH = ceilDiv(lines, Math.min(lines, ceilDiv(wanted, strips)));
  const TILESH = ceilDiv(lines, TH);
  return { TH, TW, TILESH, TILESW, STRIP, TILES: TILESH * TILESW * strips };
}

/** Threads of the tiles of weights at least, and pixels of each at most: shapes alone decide, so results do not change. */
const [WEIGHT_THREADS, WEIGHT_PIXELS] = [1024, 128];

/** Tiles of a thread that walks down `area`, and where its weights are: `vectors` of a width are in registers. */
function walkTiling(area: Area, vectors: (TW: number) => number, target: Target) {
  const { threads, sums } = target;
  const held = sums >= 32;
  const most = held ? 4 : [8, 4, 2].find((t) => vectors(tileWidth(area.width, t)) <= 20) ?? 1;
  // A GPU wants many threads; few are enough where they take turns on a processor, some for each core.
  const wanted = held ? 4 * threads : ceilDiv(area.lines, 8) * area.images * area.width * area.C4;
  return { ...tiling(area, most, wanted), HELD: held ? 1 : 0, STREAMED: held ? 0 : 1 };
}

/** Workgroups of 64 over quads of channels by tiles of pixels, in `phases`. */
function spread(C4: number, tiles: number, phases = 1) {
  const WX = workgroupWidth(C4);
  const WY = 64 / WX;
  const grid = [ceilDiv(C4, WX), ceilDiv(tiles, WY), phases] as const;
  return { workgroup: { TN: 1, WX, WY }, grid };
}

/** Times an element of `pixels` is read by tiles that read `lines` of `columns` each, at least once. */
function tileLoads(
  { TILESH, TILESW }: { readonly TILESH: number; readonly TILESW: number },
  [lines, columns]: readonly [number, number],
  pixels: number,
): number {
  return Math.max(1, TILESH * TILESW * lines * columns / pixels);
}

const depthwiseOp: Op<Window> = {
  name: "depthwise",
  batch: { of: 1 },
  grad: (dy, { attrs }, x, w) => [
    new Tensor(inputGradientOp, [dy, w!], x!.shape, attrs) as Tensor,
    weightGradient(x!, dy, w!.shape, attrs),
  ],
  kernel(y, target): Kernel {
    const { kernel: [KH, KW], stride, padding: [PH, PW] } = y.attrs;
    const [N, OH, OW] = y.shape as [number, number, number, number];
    const [, H, W] = y.inputs[0]!.shape as [number, number, number, number];
    const C4 = channelQuads(y.shape);
    const TAPS = ceilDiv(KH, stride);
    const span = (TW: number) => (TW - 1) * stride + KW;
    const tile = walkTiling(
      { images: N, lines: OH, width: OW, C4 },
      (TW) => TAPS * TW + stride * span(TW) + KW,
      target,
    );
    const SPAN = span(tile.TW);
    const { workgroup, grid } = spread(C4, tile.TILES);
    return {
      shader,
      consts: {
        ...{ N, H, W, OH, OW, C4, KH, KW, S: stride, PH, PW },
        ...{ ...tile, TAPS, KEPT: TAPS - 1, SPAN, ...workgroup },
      },
      grid,
      loads: [tileLoads(tile, [(tile.TH + TAPS - 1) * stride, SPAN], H * W), tile.TILES],
      macs: y.size * KH * KW,
    };
  },
  reference(y, x, w) {
    const c = channels(y.shape);
    const out = new Float64Array(y.size);
    forEachTap(y.inputs[0]!.shape, y.attrs, (from, to, tap) => {
      for (let k = 0; k < c; k++) out[to * c + k]! += x![from * c + k]! * w![tap * c + k]!;
    });
    return out;
  },
};

const inputGradientOp: Op<Window> = {
  name: "depthwiseInputGradient",
  batch: { of: 1 },
  kernel(dx, target): Kernel {
    const { kernel: [KH, KW], stride, padding: [PH, PW] } = dx.attrs;
    const [N, H, W] = dx.shape as [number, number, number, number];
    const [, OH, OW] = dx.inputs[0]!.shape as [number, number, number, number];
    const C4 = channelQuads(dx.shape);
    const [down, across] = [reach(KH, PH, stride), reach(KW, PW, stride)];
    const span = (TW: number) => TW + across.LEAD + across.LAG;
    const KEPT = down.LEAD + down.LAG;
    const tile = walkTiling(
      { images: N, lines: ceilDiv(H, stride), width: ceilDiv(W, stride), C4 },
      (TW) => (KEPT + 1) * stride * stride * TW + span(TW) + KW,
      target,
    );
    const SPAN = span(tile.TW);
    const { workgroup, grid } = spread(C4, tile.TILES);
    return {
      shader: dxShader,
      consts: {
        ...{ N, H, W, OH, OW, C4, KH, KW, S: stride, PH, PW },
        ...{ ...tile, TAPS: KEPT + 1, KEPT, LAG: down.LAG, LEAD: across.LEAD, SPAN, ...workgroup },
      },
      grid,
      loads: [tileLoads(tile, [tile.TH + KEPT, SPAN], OH * OW), tile.TILES],
      macs: dx.inputs[0]!.size * KH * KW,
    };
  },
  pair: (dx, other, target) =>
    other.op === weightGradientOp as Op ? pairKernel(dx, other, target) : undefined,
  reference(dx, dy, w) {
    const c = channels(dx.shape);
    const out = new Float64Array(dx.size);
    forEachTap(dx.shape, dx.attrs, (from, to, tap) => {
      for (let k = 0; k < c; k++) out[from * c + k]! += dy![to * c + k]! * w![tap * c + k]!;
    });
    return out;
  },
};

/** Lines of dY before and behind a block of `stride` lines of dX that meet it. */
function reach(kernel: number, padding: number, stride: number) {
  return {
    LEAD: Math.max(0, Math.floor((kernel - 1 - padding) / stride)),
    LAG: Math.floor((stride - 1 + padding) / stride),
  };
}

/** The kernel for both gradients; undefined where they are of different convolutions, or tiled otherwise. */
function pairKernel(
  dx: Tensor<Window>,
  other: Tensor,
  { sums }: Target,
): Kernel | undefined {
  const dw = other as Tensor<Window>;
  const { kernel: [KH, KW], stride, padding: [PH, PW] } = dx.attrs;
  const [N, H, W] = dx.shape as [number, number, number, number];
  const [dy] = dx.inputs as [Tensor];
  const [, OH, OW] = dy.shape as [number, number, number, number];
  const window = [KH, KW, stride, PH, PW].join();
  const same = window === [...dw.attrs.kernel, dw.attrs.stride, ...dw.attrs.padding].join();
  const tiled = ceilDiv(H, stride) === OH && ceilDiv(W, stride) === OW;
  if (dw.inputs[1] !== dy || !same || !tiled) return undefined;
  const [TAPSH, TAPSW] = [ceilDiv(KH, stride), ceilDiv(KW, stride)];
  const C4 = channelQuads(dx.shape);
  const tile = weightTiling(dy.shape);
  if (sums < 32 && TAPSH * TAPSW > 9) return undefined; // more sums alone would fill a GPU's registers
  const PARTS = dw.shape[0]!;
  const CT = sums < 32 ? 1 : tile.TW;
  const { workgroup, grid } = spread(C4, PARTS, stride * stride);
  return {
    shader: pairShader,
    consts: {
      ...{ N, H, W, OH, OW, C4, KH, KW, S: stride, PH, PW, ...tile, TAPSH, TAPSW },
      ...{ CT, SPANW: CT + TAPSW - 1, PARTS, ...workgroup },
    },
    grid,
    macs: 2 * dy.size * KH * KW,
  };
}

/** Tiles of the pixels of `dy`; the weights get a part from each. */
function weightTiling(dy: Shape) {
  const [images, lines, width] = dy as readonly [number, number, number, number];
  const C4 = channelQuads(dy);
  const threads = Math.max(WEIGHT_THREADS, images * lines * width * C4 / WEIGHT_PIXELS);
  return tiling({ images, lines, width, C4 }, 4, threads);
}

/** `dw` [kh, kw, c] from `x` and `dy`: parts of a tile of pixels in some images, then their sum. */
function weightGradient(x: Tensor, dy: Tensor, w: Shape, window: Window): Tensor {
  return sumTo(weightGradientParts(x, dy, window), w);
}

function weightGradientParts(x: Tensor, dy: Tensor, window: Window): Tensor {
  const shape = [weightTiling(dy.shape).TILES, ...window.kernel, channels(dy.shape)];
  return new Tensor(weightGradientOp, [x, dy], shape, window) as Tensor;
}

const weightGradientOp: Op<Window> = {
  name: "depthwiseWeightGradient",
  batch: {
    of: 2,
    remake: (dw, [x, dy]) => weightGradientParts(x!, dy!, dw.attrs),
    strips: true,
  },
  kernel(dw, target): Kernel {
    const [x, dy] = dw.inputs as [Tensor, Tensor];
    const { kernel: [KH, KW], stride, padding: [PH, PW] } = dw.attrs;
    const [N, H, W] = x.shape as [number, number, number, number];
    const [, OH, OW] = dy.shape as [number, number, number, number];
    const C4 = channelQuads(dy.shape);
    const tile = weightTiling(dy.shape);
    const KA = target.sums < 32 ? 1 : KH; // rows of the filter in registers
    const [TAPS, SA] = [ceilDiv(KA, stride), Math.min(KA, stride)];
    const KEPT = TAPS - 1;
    const SPAN = (tile.TW - 1) * stride + KW;
    const THREADS = tile.TILES * C4 * (KH / KA);
    return {
      shader: dwShader,
      consts: {
        ...{ N, H, W, OH, OW, C4, KH, KW, S: stride, PH, PW },
        ...{ ...tile, KA, SA, TAPS, KEPT, SPAN, THREADS },
      },
      grid: flatGrid(THREADS),
      loads: [
        tileLoads(tile, [(tile.TH + KEPT) * SA * (KH / KA), SPAN], H * W),
        tileLoads(tile, [(tile.TH + KEPT) * (KH / KA), tile.TW], OH * OW),
      ],
      macs: dy.size * KH * KW,
    };
  },
  reference(dw, x, dy) {
    const [x0, dy0] = dw.inputs as [Tensor, Tensor];
    const [, oh, ow, c] = dy0.shape as [number, number, number, number];
    const { TH, TW, TILESH, TILESW, STRIP } = weightTiling(dy0.shape);
    const taps = dw.shape[1]! * dw.shape[2]!;
    const out = new Float64Array(dw.size);
    forEachTap(x0.shape, dw.attrs, (from, to, tap) => {
      const [image, i, j] = [Math.floor(to / (oh * ow)), Math.floor(to / ow) % oh, to % ow];
      const tile = Math.floor(i / TH) * TILESW + Math.floor(j / TW);
      const part = Math.floor(image / STRIP) * TILESH * TILESW + tile;
      const at = (part * taps + tap) * c;
      for (let k = 0; k < c; k++) out[at + k]! += x![from * c + k]! * dy![to * c + k]!;
    });
    return out;
  },
};
