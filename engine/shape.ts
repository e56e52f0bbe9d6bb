/** Shapes: the sizes of a tensor's axes, outermost first. Pure arithmetic, no tensors. */

/** Sizes of the axes, outermost first; `[]` is a scalar. Activations are `[n, h, w, c]`. */
export type Shape = readonly number[];

/** Number of elements. */
export function size(shape: Shape): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** True when both shapes have the same axes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** Size of the last axis, the channels; 1 for a scalar. */
export function channels(shape: Shape): number {
  return shape.at(-1) ?? 1;
}

/** Product of all axes but the last. */
export function rows(shape: Shape): number {
  return size(shape.slice(0, -1));
}

/**
 * Vectors of four channels in a row. On a device every tensor is `array<vec4f>`: rows by
 * `channelQuads`, the last axis filled up with zeros.
 */
export function channelQuads(shape: Shape): number {
  return Math.ceil(channels(shape) / 4);
}

/** Vectors of four that a tensor of this shape occupies on a device. */
export function quads(shape: Shape): number {
  return rows(shape) * channelQuads(shape);
}

/** Bytes that a tensor of this shape occupies on a device. */
export function storedBytes(shape: Shape): number {
  return quads(shape) * 16;
}

/** The shape both inputs stretch to, by NumPy's rules. Throws RangeError where axes disagree. */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new RangeError(
      `Cannot broadcast [${a}] with [${b}]: axis ${i} is ${x} and ${y}, equal sizes or 1 were needed`,
    );
  });
}

/** Row-major step of each axis of `from`, stretched over the axes of `to` (0 where stretched). */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = new Array<number>(to.length).fill(0);
  let step = 1;
  for (let i = 1; i <= from.length; i++) {
    const d = from[from.length - i]!;
    if (d !== 1) strides[to.length - i] = step;
    step *= d;
  }
  return strides;
}

/** Where element `i` of `shape`, counted row-major, lies under the steps of its axes. */
export function elementAt(i: number, shape: Shape, strides: readonly number[]): number {
  let at = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at += (i % shape[axis]!) * strides[axis]!;
    i = Math.floor(i / shape[axis]!);
  }
  return at;
}

/** Where element `i` of a tensor of `shape`, counted row-major, lies among its numbers on a device. */
export function storedIndex(shape: Shape): (i: number) => number {
  const c = channels(shape);
  const step = channelQuads(shape) * 4;
  return (i) => Math.floor(i / c) * step + i % c;
}

/** `⌈a / b⌉`. */
export function ceilDiv(a: number, b: number): number {
  return Math.ceil(a / b);
}
