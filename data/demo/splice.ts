/** Changes a picture under a mask, as face swaps leave it. Draws nothing itself. */
import { Canvas, type Colour, type Shape } from "./canvas.ts";

/** What a splice does to the pixels that it takes over. */
export interface Change {
  /** Added to red, green and blue. */
  readonly shift: Colour;
  /** Factor of what a blur takes away: below 1 softer, above 1 sharper. */
  readonly detail: number;
  /** Factor of the distance of what is not detail from a middle grey. */
  readonly contrast: number;
  /** Their shift to the right and down, in units. */
  readonly moved: readonly [number, number];
}

/** The picture with colour and detail changed everywhere. */
export function changed(from: Canvas, { shift, detail, contrast, moved }: Change): Canvas {
  const { size, view } = from;
  const [right, down] = moved.map((d) => Math.round(d * view.scale * size)) as [number, number];
  const smooth = blurred(from);
  const to = new Canvas(size, view);
  const clamp = (i: number) => Math.min(size - 1, Math.max(0, i));
  for (let i = 0; i < to.data.length; i++) {
    const [c, column, row] = [i % 3, Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
    const at = (clamp(row - down) * size + clamp(column - right)) * 3 + c;
    to.data[i] = 128 + contrast * (smooth[at]! - 128) + detail * (from.data[at]! - smooth[at]!) +
      shift[c]!;
  }
  return to;
}

/** Lays another picture over this one, `opacity` of it at each point. */
export function blend(onto: Canvas, other: Canvas, opacity: Shape): void {
  onto.forEach((i, x, y) => {
    const alpha = opacity(x, y);
    for (let c = i; c < i + 3; c++) onto.data[c]! += alpha * (other.data[c]! - onto.data[c]!);
  });
}

/** A binomial filter of variance 1 along rows and columns; edges are repeated. */
function blurred({ data, size }: Canvas): Float32Array {
  return along(along(data, size, 3), size, 3 * size);
}

/** The filter along lines of `size` values that are `step` apart. */
function along(data: Float32Array, size: number, step: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const at = Math.floor(i / step) % size;
    const [one, two] = [Math.min(at, 1) * step, Math.min(at, 2) * step];
    const [next, last] = [Math.min(size - 1 - at, 1) * step, Math.min(size - 1 - at, 2) * step];
    out[i] = (data[i - two]! + data[i + last]! + 4 * (data[i - one]! + data[i + next]!) +
      6 * data[i]!) / 16;
  }
  return out;
}
