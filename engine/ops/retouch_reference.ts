/** The reference of retouching: each operation on one image, in float64. Not fast. */

import { type Shape, size } from "../shape.ts";
import { uniform } from "./dropout.ts";
import { RETOUCH, RETOUCH_NUMBERS } from "./retouch_codes.ts";

type Level3 = readonly [number, number, number];
type Numbers = Float64Array;

/** Pillow's grey of a colour, 0 … 255. */
export function grey([r, g, b]: Iterable<number>): number {
  return Math.floor((19595 * r! + 38470 * g! + 7471 * b! + 32768) / 65536);
}

/** The hue of a colour that is not grey, 0 … 255, by Pillow's steps in float32. */
function hueOf([r, g, b]: Level3): number {
  const most = Math.max(r, g, b);
  const share = (v: number) => Math.fround((most - v) / (most - Math.min(r, g, b)));
  const h = Math.fround(
    r === most
      ? share(b) - share(g)
      : g === most
      ? 2 + share(r) - share(b)
      : 4 + share(g) - share(r),
  );
  const turns = h / 6 + 1;
  return Math.trunc(255 * Math.fround(turns - Math.floor(turns)));
}

/** Whether Pillow's rounding makes a hue of exactly `t` parts of 255 one less. */
export function hueFalls(t: number): boolean {
  const side = Math.round(t / 85) % 3; // red, green or blue is greatest
  const off = 2 * (t - 85 * Math.round(t / 85));
  const colour = [0, 0, 0];
  colour[side] = 85;
  colour[(side + (off < 0 ? 2 : 1)) % 3] = Math.abs(off);
  return t > 0 && t < 255 && hueOf(colour as unknown as Level3) < t;
}

function turned(colour: Level3, turn: number): Level3 {
  const most = Math.max(...colour);
  const s = Math.floor(255 * (most - Math.min(...colour)) / Math.max(most, 1)) / 255;
  if (s === 0) return [most, most, most];
  const h = ((hueOf(colour) + turn) & 255) * 6 / 255;
  const f = h % 1;
  const [p, q, t] = [1 - s, 1 - s * f, 1 - s * (1 - f)].map((k) => Math.floor(most * k + 0.5)) as [
    number,
    number,
    number,
  ];
  const sixths: readonly Level3[] = [
    [most, t, p],
    [q, most, p],
    [p, most, t],
    [p, q, most],
    [t, p, most],
    [most, p, q],
  ];
  return sixths[Math.floor(h) % 6]!;
}

/** An image of levels, read at pixels. */
class Picture {
  constructor(readonly levels: Float64Array, readonly w: number, readonly h: number) {}

  at(x: number, y: number): Level3 {
    const i = 3 * (y * this.w + x);
    return [this.levels[i]!, this.levels[i + 1]!, this.levels[i + 2]!];
  }
}

const each = (f: (c: 0 | 1 | 2) => number): Level3 => [f(0), f(1), f(2)];
const cut = (v: number) => Math.min(255, Math.max(0, v));
const blend = (from: number, to: number, factor: number) =>
  Math.floor(cut(to + factor * (from - to)));

function even(v: number): number {
  return Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v);
}

function softened(picture: Picture, x: number, y: number): Level3 {
  const { w, h } = picture;
  if (x === 0 || y === 0 || x === w - 1 || y === h - 1) return picture.at(x, y);
  return each((c) => {
    let sum = 4 * picture.at(x, y)[c];
    for (const dy of [-1, 0, 1]) for (const dx of [-1, 0, 1]) sum += picture.at(x + dx, y + dy)[c];
    return Math.floor(sum / 13 + 0.5);
  });
}

function blurred(picture: Picture, [x, y]: readonly [number, number], numbers: Numbers): Level3 {
  const [, kx = 1, ky = 1, , sx = 1, sy = 1] = numbers;
  const mirror = (i: number, n: number) => {
    const period = Math.max(1, 2 * n - 2);
    const at = (i % period + period) % period;
    return Math.min(at, period - at, n - 1);
  };
  const weights = (taps: number, sigma: number) => {
    const half = (taps - 1) / 2;
    const raw = Array.from({ length: taps }, (_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2));
    return raw.map((v) => v / raw.reduce((a, b) => a + b));
  };
  const [across, down] = [weights(kx, sx), weights(ky, sy)];
  return each((c) => {
    let sum = 0;
    down.forEach((b, j) =>
      across.forEach((a, i) => {
        const column = mirror(x + i - (kx - 1) / 2, picture.w);
        sum += a * b * picture.at(column, mirror(y + j - (ky - 1) / 2, picture.h))[c];
      })
    );
    return even(sum);
  });
}

function warped(picture: Picture, [x, y]: readonly [number, number], numbers: Numbers): Level3 {
  const { w, h } = picture;
  const coefficient = (row: number, k: number) =>
    numbers[4 + 4 * row + k]! + numbers[16 + 4 * row + k]! / 65536 + numbers[28 + 4 * row + k]!;
  const [p, q, z] = each((k) => coefficient(0, k) * x + coefficient(1, k) * y + coefficient(2, k));
  const [u, v] = [p / z, q / z];
  if (!(u >= 0 && v >= 0 && u < w && v < h)) return each((c) => numbers[7 + 4 * c]!);
  if (numbers[0] === RETOUCH.nearest) return picture.at(Math.floor(u), Math.floor(v));
  const [left, top] = [Math.floor(u - 0.5), Math.floor(v - 0.5)];
  const [dx, dy] = [u - 0.5 - left, v - 0.5 - top];
  const inside = (i: number, n: number) => Math.min(n - 1, Math.max(0, i));
  return each((c) => {
    const read = (i: number, j: number) => picture.at(inside(left + i, w), inside(top + j, h))[c];
    const above = read(0, 0) + (read(1, 0) - read(0, 0)) * dx;
    const below = read(0, 1) + (read(1, 1) - read(0, 1)) * dx;
    return Math.floor(above + (below - above) * dy);
  });
}

/** A standard normal number for channel c of pixel i (Box and Muller). */
function normal(seed: number, i: number, c: number): number {
  const at = 4 * i + (c === 2 ? 2 : 0);
  const turn = 2 * Math.PI * uniform(seed, at + 1);
  return Math.sqrt(-2 * Math.log(1 - uniform(seed, at))) *
    (c === 1 ? Math.sin(turn) : Math.cos(turn));
}

function erased(picture: Picture, [x, y]: readonly [number, number], numbers: Numbers): Level3 {
  const [left = 0, top = 0, right = 0, bottom = 0] = numbers.subarray(4);
  if (x < left || y < top || x >= right || y >= bottom) return picture.at(x, y);
  const seed = numbers[1]!;
  const noise = (c: number) => seed < 0 ? 0 : normal(seed, y * picture.w + x, c);
  return each((c) => Math.floor(cut(numbers[8 + c]! + numbers[12 + c]! * noise(c))));
}

/** The pixel at (x, y) of a picture after the operation that `numbers` describe. */
function pixelOf(
  picture: Picture,
  at: readonly [number, number],
  { numbers, table }: { readonly numbers: Numbers; readonly table: Float64Array },
): Level3 {
  const [x, y] = at;
  const own = picture.at(x, y);
  const [code = 0, amount = 0, mean = 0, deviation = 0] = numbers;
  switch (code) {
    case RETOUCH.keep:
      return own;
    case RETOUCH.mirror:
      return picture.at(picture.w - 1 - x, y);
    case RETOUCH.flip:
      return picture.at(x, picture.h - 1 - y);
    case RETOUCH.nearest:
    case RETOUCH.bilinear:
      return warped(picture, at, numbers);
    case RETOUCH.saturate:
      return each((c) => blend(own[c], grey(own), amount));
    case RETOUCH.hue:
      return turned(own, amount);
    case RETOUCH.sharpen: {
      const soft = softened(picture, x, y);
      return each((c) => blend(own[c], soft[c], amount));
    }
    case RETOUCH.blur:
      return blurred(picture, at, numbers);
    case RETOUCH.noise:
      return each((c) =>
        even(cut(own[c] + mean + deviation * normal(amount, y * picture.w + x, c)))
      );
    case RETOUCH.erase:
      return erased(picture, at, numbers);
    default:
      return each((c) => Math.round(255 * table[3 * own[c] + c]!));
  }
}

/** Images [n, h, w, 3], levels / 255, each after the operation that its row of numbers describes. */
export function retouched(
  shape: Shape,
  { images, numbers, tables }: {
    readonly images: Float64Array;
    readonly numbers: Float64Array;
    readonly tables: Float64Array;
  },
): Float64Array {
  const [n, h, w] = shape as [number, number, number];
  const result = new Float64Array(size(shape));
  const one = 3 * h * w;
  for (let i = 0; i < n; i++) {
    const levels = images.subarray(i * one, (i + 1) * one).map((v) => Math.round(255 * v));
    const picture = new Picture(levels, w, h);
    const how = {
      numbers: numbers.subarray(i * RETOUCH_NUMBERS, (i + 1) * RETOUCH_NUMBERS),
      table: tables.subarray(i * 768, (i + 1) * 768),
    };
    for (let k = 0; k < h * w; k++) {
      const to = pixelOf(picture, [k % w, Math.floor(k / w)], how);
      result.set(to.map((v) => v / 255), i * one + 3 * k);
    }
  }
  return result;
}
