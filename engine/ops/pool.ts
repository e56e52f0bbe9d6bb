/** What the poolings share: options, windows, consts. No ops. */

import { ceilDiv, channelQuads, channels, rows, type Shape } from "../shape.ts";
import { forEachTap, type Window, type WindowOptions, windowOver } from "./window.ts";

/** Options of the poolings. */
export interface PoolOptions {
  /** Height and width of the window. */
  readonly kernel: number;
  /** Distance between windows. Default `kernel`: side by side. */
  readonly stride?: number;
  /** Rows and columns added on each side, at most half of `kernel`, or "same" as in convolutions. Default 0. */
  readonly padding?: WindowOptions["padding"];
}

/** The window of `options` over `x` and the shape of the result. Throws RangeError where it does not fit. */
export function poolWindow(x: Shape, options: PoolOptions): { window: Window; shape: Shape } {
  const { kernel, stride = kernel, padding = 0 } = options;
  const cannot = `Cannot pool [${x}] by windows of ${kernel}, stride ${stride}, padding ${padding}`;
  const added = padding === "same" ? 0 : padding;
  if (![kernel, stride, added].every(Number.isInteger) || kernel < 1 || stride < 1) {
    throw new RangeError(`${cannot}: whole numbers above 0 were needed`);
  }
  if (added < 0 || added > kernel / 2) {
    throw new RangeError(`${cannot}: padding of at most half the window was needed`);
  }
  const window = windowOver(x, [kernel, kernel], { stride, padding });
  return { window, shape: [x[0]!, ...window.output, channels(x)] };
}

/** The consts of the kernels that compute `result`, which is the image `x` or the output `y`. */
export function poolConsts(x: Shape, y: Shape, result: Shape, window: Window) {
  const [K] = window.kernel;
  return {
    H: x[1]!,
    W: x[2]!,
    OH: y[1]!,
    OW: y[2]!,
    ROWS: rows(result),
    C4: channelQuads(x),
    K,
    STRIDE: window.stride,
    PADH: window.padding[0],
    PADW: window.padding[1],
    WINDOWS: ceilDiv(K, window.stride),
  };
}

/** How often a kernel that gathers windows loads each element of the image. */
export function poolLoads({ kernel: [k], stride }: Window): number {
  return Math.max(1, (k / stride) ** 2);
}

/**
 * Calls `visit` for every element of an image and every element of the output that a window brings
 * together, window by window, in row-major order; `tap` tells which of the window's pixels it is.
 */
export function forEachPair(
  x: Shape,
  window: Window,
  visit: (from: number, to: number, tap: number) => void,
): void {
  const c = channels(x);
  forEachTap(x, window, (from, to, tap) => {
    for (let k = 0; k < c; k++) visit(from * c + k, to * c + k, tap);
  });
}
