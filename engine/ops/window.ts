/** Windows: the geometry that convolution and pooling share. Arithmetic only. */

import type { Shape } from "../shape.ts";

/** How a window moves over an image. */
export interface WindowOptions {
  /** Step in pixels, both ways. Default 1. */
  readonly stride?: number;
  /**
   * Zeros added on each side, in pixels. "same" adds what makes ⌈length / stride⌉ windows, half of it before
   * the image and the odd one after it, as TensorFlow does. Default 0.
   */
  readonly padding?: number | "same";
}

/** A window over images of one size, with everything spelled out. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: number;
  /** Zeros above and to the left of the image; those on its other sides follow from the output. */
  readonly padding: readonly [number, number];
  /** Height and width of the output. */
  readonly output: readonly [number, number];
}

/** Zeros before an axis of `length`, and windows along it. */
function along(length: number, kernel: number, { stride = 1, padding = 0 }: WindowOptions) {
  if (padding !== "same") {
    return { before: padding, count: Math.floor((length + 2 * padding - kernel) / stride) + 1 };
  }
  const count = Math.ceil(length / stride);
  const surplus = Math.max((count - 1) * stride + kernel - length, 0);
  return { before: Math.floor(surplus / 2), count };
}

/**
 * The window of `kernel` that moves over `x` [n, h, w, ·]. Throws RangeError where it is larger than the padded
 * image, or its sizes are no whole numbers, from 1 (padding from 0).
 */
export function windowOver(
  x: Shape,
  kernel: readonly [number, number],
  options: WindowOptions,
): Window {
  const { stride = 1, padding = 0 } = options;
  const rows = along(x[1]!, kernel[0], options);
  const columns = along(x[2]!, kernel[1], options);
  const output = [rows.count, columns.count] as const;
  const counts = [...kernel, stride, rows.before + 1, ...output];
  if (x.length !== 4 || !counts.every((d) => Number.isInteger(d) && d >= 1)) {
    const moved = `${kernel.join("×")} by ${stride} with padding ${padding}`;
    throw new RangeError(
      `Cannot move a window ${moved} over [${x}]: whole numbers, and [n, h, w, c] at least as large as ` +
        "the window, were needed",
    );
  }
  return { kernel, stride, padding: [rows.before, columns.before], output };
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
  const { kernel: [kh, kw], stride, padding: [top, left], output: [oh, ow] } = window;
  for (let image = 0; image < n; image++) {
    for (let i = 0; i < oh; i++) {
      for (let j = 0; j < ow; j++) {
        for (let a = 0; a < kh; a++) {
          for (let b = 0; b < kw; b++) {
            const r = i * stride - top + a;
            const s = j * stride - left + b;
            if (r < 0 || r >= h || s < 0 || s >= w) continue;
            visit((image * h + r) * w + s, (image * oh + i) * ow + j, a * kw + b);
          }
        }
      }
    }
  }
}
