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

/** Lines and columns that a thread computes: `pixels` at most. */
function tiling(height: number, width: number, pixels = 16) {
  const TW = tileWidth(width, Math.min(8, pixels));
  const TH = Math.min(height, Math.max(1, Math.floor(pixels / TW)));
  return { TH, TW, TILESH: ceilDiv(height, TH), TILESW: ceilDiv(width, TW) };
}

/** Workgroups of 64 over quads of channels by tiles of pixels, in `phases`. */
function spread(C4: number, tiles: number, phases = 1) {
  const WX = workgroupWidth(C4);
  const WY = 64 / WX;
  const grid = [ceilDiv(C4, WX), ceilDiv(tiles, WY), phases] as const;
  return { workgroup: { TN: 1, WX, WY }, grid };
}

/** Rows out of `all` that a thread works on at a time: one where registers are few. */
function rowsAtOnce(all: number, { sums }: Target): number {
  return sums < 32 ? 1 : all;
}

const depthwiseOp: Op<Window> = {
  name: "depthwise",
  grad: (dy, { attrs }, x, w) => [
    new Tensor(inputGradientOp, [dy, w!], x!.shape, attrs) as Tensor,
    weightGradient(x!, dy, w!.shape, attrs),
  ],
  kernel(y, target): Kernel {
    const { kernel: [KH, KW], stride, padding: [PH, PW] } = y.attrs;
    const [n, OH, OW] = y.shape as [number, number, number, number];
    const [, H, W] = y.inputs[0]!.shape as [number, number, number, number];
    const C4 = channelQuads(y.shape);
    const tile = tiling(OH, OW, target.sums / 2);
    const KA = rowsAtOnce(KH, target);
    const [SPANH, SPANW] = [(tile.TH - 1) * stride + KA, (tile.TW - 1) * stride + KW];
    const TILES = tile.TILESH * tile.TILESW * n;
    const { workgroup, grid } = spread(C4, TILES);
    return {
      shader,
      consts: {
        ...{ H, W, OH, OW, C4, KH, KW, S: stride, PH, PW },
        ...{ ...tile, KA, SPANH, SPANW, TILES, ...workgroup },
      },
      grid,
      loads: [windowLoads(SPANH * SPANW * TILES * (KH / KA), n * H * W), TILES],
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

/** Times an element is read when windows load `loaded` pixels of an image of `pixels`, at least once. */
function windowLoads(loaded: number, pixels: number): number {
  return Math.max(1, Math.round(loaded / pixels));
}

const inputGradientOp: Op<Window> = {
  name: "depthwiseInputGradient",
  kernel(dx, target): Kernel {
    const { kernel: [KH, KW], stride, padding: [PH, PW] } = dx.attrs;
    const [n, H, W] = dx.shape as [number, number, number, number];
    const [, OH, OW] = dx.inputs[0]!.shape as [number, number, number, number];
    const C4 = channelQuads(dx.shape);
    const tile = tiling(ceilDiv(H, stride), ceilDiv(W, stride), target.sums / 2);
    const [TAPSH, TAPSW] = [ceilDiv(KH, stride), ceilDiv(KW, stride)];
    const KA = rowsAtOnce(TAPSH, target);
    const [SPANH, SPANW] = [tile.TH + KA - 1, tile.TW + TAPSW - 1];
    const TILES = tile.TILESH * tile.TILESW * n;
    const { workgroup, grid } = spread(C4, TILES, stride * stride);
    return {
      shader: dxShader,
      consts: {
        ...{ H, W, OH, OW, C4, KH, KW, S: stride, PH, PW },
        ...{ ...tile, TAPSH, TAPSW, KA, SPANH, SPANW, TILES, ...workgroup },
      },
      grid,
      loads: [
        windowLoads(SPANH * SPANW * TILES * stride * stride * (TAPSH / KA), n * OH * OW),
        TILES,
      ],
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

/** The kernel for both gradients; undefined where they are of different convolutions, or tiled otherwise. */
function pairKernel(
  dx: Tensor<Window>,
  other: Tensor,
  { sums }: Target,
): Kernel | undefined {
  const dw = other as Tensor<Window & { readonly strip: number }>;
  const { kernel: [KH, KW], stride, padding: [PH, PW] } = dx.attrs;
  const [N, H, W] = dx.shape as [number, number, number, number];
  const [dy] = dx.inputs as [Tensor];
  const [, OH, OW] = dy.shape as [number, number, number, number];
  const window = [KH, KW, stride, PH, PW].join();
  const same = window === [...dw.attrs.kernel, dw.attrs.stride, ...dw.attrs.padding].join();
  const tiled = ceilDiv(H, stride) === OH && ceilDiv(W, stride) === OW;
  if (dw.inputs[1] !== dy || !same || !tiled) return undefined;
  const C4 = channelQuads(dx.shape);
  const tile = tiling(OH, OW);
  const [TAPSH, TAPSW] = [ceilDiv(KH, stride), ceilDiv(KW, stride)];
  const PARTS = dw.shape[0]!;
  const CT = sums < 32 ? Math.min(tile.TW, TAPSW > 3 ? 2 : 4) : tile.TW;
  const { workgroup, grid } = spread(C4, PARTS, stride * stride);
  return {
    shader: pairShader,
    consts: {
      ...{ N, H, W, OH, OW, C4, KH, KW, S: stride, PH, PW, ...tile, TAPSH, TAPSW },
      ...{ CT, SPANW: CT + TAPSW - 1, STRIP: dw.attrs.strip, PARTS, ...workgroup },
    },
    grid,
    macs: 2 * dy.size * KH * KW,
  };
}

/** `dw` [kh, kw, c] from `x` and `dy`: parts of a tile of pixels in some images, then their sum. */
function weightGradient(x: Tensor, dy: Tensor, w: Shape, window: Window): Tensor {
  const [n, oh, ow, c] = dy.shape as [number, number, number, number];
  const { TILESH, TILESW } = tiling(oh, ow);
  const tiles = TILESH * TILESW;
  const strips = Math.min(n, ceilDiv(2048, tiles * channelQuads(dy.shape)));
  const strip = ceilDiv(n, strips);
  const parts = ceilDiv(n, strip) * tiles;
  const [kh, kw] = window.kernel;
  const partial = new Tensor(weightGradientOp, [x, dy], [parts, kh, kw, c], { ...window, strip });
  return sumTo(partial as Tensor, w);
}

const weightGradientOp: Op<Window & { readonly strip: number }> = {
  name: "depthwiseWeightGradient",
  kernel(dw, target): Kernel {
    const [x, dy] = dw.inputs as [Tensor, Tensor];
    const { kernel: [KH, KW], stride, padding: [PH, PW], strip } = dw.attrs;
    const [N, H, W] = x.shape as [number, number, number, number];
    const [, OH, OW] = dy.shape as [number, number, number, number];
    const C4 = channelQuads(dy.shape);
    const tile = tiling(OH, OW);
    const KA = rowsAtOnce(KH, target);
    const LT = rowsAtOnce(tile.TH, target);
    const [SPANH, SPANW] = [(LT - 1) * stride + KA, (tile.TW - 1) * stride + KW];
    const THREADS = dw.shape[0]! * C4 * (KH / KA);
    return {
      shader: dwShader,
      consts: {
        ...{ N, H, W, OH, OW, C4, KH, KW, S: stride, PH, PW },
        ...{ ...tile, KA, LT, SPANH, SPANW, STRIP: strip, THREADS },
      },
      grid: flatGrid(THREADS),
      loads: [
        windowLoads(
          SPANH * SPANW * (tile.TH / LT) * (KH / KA) * tile.TILESH * tile.TILESW,
          H * W,
        ),
        KH / KA,
      ],
      macs: dy.size * KH * KW,
    };
  },
  reference(dw, x, dy) {
    const [x0, dy0] = dw.inputs as [Tensor, Tensor];
    const [, oh, ow, c] = dy0.shape as [number, number, number, number];
    const { TH, TW, TILESH, TILESW } = tiling(oh, ow);
    const taps = dw.shape[1]! * dw.shape[2]!;
    const out = new Float64Array(dw.size);
    forEachTap(x0.shape, dw.attrs, (from, to, tap) => {
      const [image, i, j] = [Math.floor(to / (oh * ow)), Math.floor(to / ow) % oh, to % ow];
      const tile = Math.floor(i / TH) * TILESW + Math.floor(j / TW);
      const part = Math.floor(image / dw.attrs.strip) * TILESH * TILESW + tile;
      const at = (part * taps + tap) * c;
      for (let k = 0; k < c; k++) out[at + k]! += x![from * c + k]! * dy![to * c + k]!;
    });
    return out;
  },
};
