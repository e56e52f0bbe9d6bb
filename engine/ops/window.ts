/** Windows: the geometry that convolution and pooling share. Arithmetic only. */

import type { Shape } from "../shape.ts";

/** How a window moves over an image. */
export interface WindowOptions {
  /** Step in pixels, both ways. Default 1. */
  readonly stride?: number;
  /** Zeros added on each side, in pixels. Default 0. */
  readonly padding?: number;
}

/** A window with everything spelled out. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly padding: number;
}

/** Output pixels along an axis of `length`: `⌊(length + 2·padding − kernel) / stride⌋ + 1`. */
function windowCount(length: number, kernel: number, window: Window): number {
  return Math.floor((length + 2 * window.padding - kernel) / window.stride) + 1;
}

/**
 * [n, h, w, ·] → [n, oh, ow]. Throws RangeError where the window is larger than the padded image, or its
 * sizes are no whole numbers, from 1 (padding from 0).
 */
export function windowShape(x: Shape, window: Window): [number, number, number] {
  const [n, h, w] = x as readonly [number, number, number, number];
  const oh = windowCount(h, window.kernel[0], window);
  const ow = windowCount(w, window.kernel[1], window);
  const { kernel, stride, padding } = window;
  const whole = [...kernel, stride, padding + 1].every((d) => Number.isInteger(d) && d >= 1);
  if (x.length !== 4 || !whole || !(oh >= 1 && ow >= 1)) {
    const moved = `${kernel.join("×")} by ${stride} with padding ${padding}`;
    throw new RangeError(
      `Cannot move a window ${moved} over [${x}]: whole numbers, and [n, h, w, c] at least as large as ` +
        "the window, were needed",
    );
  }
  return [n, oh, ow];
}

/** The width of the tile, 8 at most, that covers `length` with the least left over; wide ones first. */
export function tileWidth(length: number, most = 8): number {
  let best = Math.min(length, most);
  for (let t = best; t > best / 2; t--) {
    if (Math.ceil(length / t) * t < Math.ceil(length / best) * best) best = t;
  }
  return best;
}

/** Calls `visit` for every pixel of the image and every pixel of the output that a window brings together. */
export function forEachTap(
  x: Shape,
  window: Window,
  visit: (from: number, to: number, tap: number) => void,
): void {
  const [n, h, w] = x as readonly [number, number, number, number];
  const [, oh, ow] = windowShape(x, window);
  const { kernel: [kh, kw], stride, padding } = window;
  for (let image = 0; image < n; image++) {
    for (let i = 0; i < oh; i++) {
      for (let j = 0; j < ow; j++) {
        for (let a = 0; a < kh; a++) {
          for (let b = 0; b < kw; b++) {
            const r = i * stride - padding + a;
            const s = j * stride - padding + b;
            if (r < 0 || r >= h || s < 0 || s >= w) continue;
            visit((image * h + r) * w + s, (image * oh + i) * ow + j, a * kw + b);
          }
        }
      }
    }
  }
}
