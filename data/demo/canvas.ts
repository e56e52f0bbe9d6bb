/** A square picture in floats that soft shapes are painted on. Knows nothing of faces and of files. */
import type { Image } from "../image.ts";

/** Red, green and blue from 0 to 255. */
export type Colour = readonly [number, number, number];

/** Signed distance of a point to an outline, negative inside, in the canvas's units. */
export type Shape = (x: number, y: number) => number;

/** How the units of shapes lie on the picture. */
export interface View {
  /** Where their origin is, in sides of the picture from its left edge. */
  readonly x: number;
  /** The same from the top. */
  readonly y: number;
  /** Turn in radians, clockwise. */
  readonly angle: number;
  /** Length of their unit, in sides of the picture. */
  readonly scale: number;
}

/** How a shape is painted. */
export interface Paint {
  /** Width of the soft edge, in units. */
  readonly edge?: number;
  /** 0 … 1, or a function of the point. */
  readonly opacity?: number | Shape;
  /** Factor of the colour at a point. */
  readonly shade?: Shape;
}

/** A picture of `size` × `size` pixels; values outside of 0 … 255 are kept until it is finished. */
export class Canvas {
  /** [size, size, 3] */
  readonly data: Float32Array;

  /** A black picture. */
  constructor(readonly size: number, readonly view: View) {
    this.data = new Float32Array(size * size * 3);
  }

  /** Calls with each pixel's offset in `data` and its centre in units. */
  forEach(action: (offset: number, x: number, y: number) => void): void {
    const { x: left, y: top, angle, scale } = this.view;
    const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
    for (let row = 0; row < this.size; row++) {
      for (let column = 0; column < this.size; column++) {
        const [dx, dy] = [(column + 0.5) / this.size - left, (row + 0.5) / this.size - top];
        action((row * this.size + column) * 3, dx * cos + dy * sin, dy * cos - dx * sin);
      }
    }
  }

  /** Paints the inside of a shape. */
  paint(shape: Shape, colour: Colour, { edge = 0.02, opacity = 1, shade }: Paint = {}): void {
    this.forEach((i, x, y) => {
      const inside = coverage(shape(x, y), edge);
      if (inside === 0) return;
      const alpha = inside * (typeof opacity === "number" ? opacity : opacity(x, y));
      const factor = shade?.(x, y) ?? 1;
      for (let c = 0; c < 3; c++) {
        this.data[i + c]! += alpha * (colour[c]! * factor - this.data[i + c]!);
      }
    });
  }

  /** The picture in bytes. */
  finish(): Image {
    return { width: this.size, height: this.size, data: Uint8Array.from(this.data, toByte) };
  }
}

function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}

/** How much of a point lies inside: 1 at half an edge inside the outline, 0 at half an edge outside. */
export function coverage(distance: number, edge: number): number {
  const t = Math.min(1, Math.max(0, 0.5 - distance / edge));
  return t * t * (3 - 2 * t);
}

/** An ellipse; `taper` narrows its lower half. */
export function ellipse(
  [cx, cy]: readonly [number, number],
  [rx, ry]: readonly [number, number],
  taper = 0,
): Shape {
  return (x, y) => {
    const v = (y - cy) / ry;
    const u = (x - cx) / (rx * (1 - taper * Math.max(0, v)));
    return (Math.hypot(u, v) - 1) * Math.min(rx, ry);
  };
}

/** A stroke of half a width along a parabola that bends down at its ends by `bend`. */
export function arc(
  [cx, cy]: readonly [number, number],
  { length, width, bend }: {
    readonly length: number;
    readonly width: number;
    readonly bend: number;
  },
): Shape {
  return (x, y) => {
    const t = Math.min(1, Math.max(-1, (x - cx) / length));
    return Math.hypot(x - cx - t * length, y - cy - bend * t * t) - width * (1 - 0.6 * t * t);
  };
}
