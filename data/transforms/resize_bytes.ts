/** Pillow's resize of bytes to the bit, of a part of an image and to a part of the result. Chooses no size. */
import type { Image, Size } from "../image.ts";
import { pixels, ROOM } from "../wasm/pixels.ts";
import type { Rectangle } from "./crop.ts";
import { antialiased } from "./resample.ts";

/** Filters that make a pixel of several. */
export type Filter = "bilinear" | "bicubic";

/** What is resized, to what, and which part of that is wanted. */
export interface Resampling extends Size {
  readonly filter: Filter;
  /** The rectangle of the image that becomes `width` × `height`; it lies inside. */
  readonly from: Rectangle;
  /** The rectangle of the result that is given back; it lies inside. */
  readonly to: Rectangle;
}

/** Bits after the binary point of a weight (Pillow's `PRECISION_BITS` for 8-bit images). */
const BITS = 22;

/** Bytes of rows that are brought to the loops at once: they stay in a processor's cache. */
const STRIP = 2 ** 18;

/** The taps of one axis as the loops read them. */
interface Table {
  /** [outputs, 1 + 2 · pairs]: offset, then the high and the low halves of the weights of each pair of pixels. */
  readonly words: Int32Array;
  readonly pairs: number;
  /** First input of each output. */
  readonly first: Int32Array;
  /** How many inputs an output has at most. */
  readonly span: number;
}

/** Tables of late, by what they are made of: images of a data set tend to have the same sizes. */
const tables = new Map<string, Table>();
const MOST_TABLES = 64;

function tableOf(
  from: number,
  to: number,
  { filter, unit }: { readonly filter: Filter; readonly unit: number },
): Table {
  const key = `${from} ${to} ${filter} ${unit}`;
  let table = tables.get(key);
  if (table) return table;
  const { first, count, weights, span: room } = antialiased(from, to, filter);
  const span = count.reduce((a, b) => Math.max(a, b));
  const pairs = Math.ceil(span / 2);
  const words = new Int32Array(to * (1 + 2 * pairs));
  const weight = (i: number, tap: number) => {
    const w = tap < count[i]! ? weights[i * room + tap]! : 0;
    return Math.trunc(w * 2 ** BITS + (w < 0 ? -0.5 : 0.5));
  };
  let at = 0;
  for (let i = 0; i < to; i++) {
    words[at++] = first[i]! * unit;
    for (let tap = 0; tap < 2 * pairs; tap += 2) {
      const [a, b] = [weight(i, tap), weight(i, tap + 1)];
      words[at++] = a >> 11 & 0xffff | b >> 11 << 16;
      words[at++] = a & 0x7ff | (b & 0x7ff) << 16;
    }
  }
  table = { words, pairs, first, span };
  if (tables.size >= MOST_TABLES) tables.delete(tables.keys().next().value!);
  tables.set(key, table);
  return table;
}

/** The inputs that outputs `start` … `start + length − 1` are made of: the first, and behind the last. */
function reach(
  table: Table | undefined,
  [start, length]: readonly [number, number],
  inputs: number,
): [number, number] {
  if (!table) return [start, start + length];
  const last = table.first[start + length - 1]! + table.span;
  return [table.first[start]!, Math.min(last, inputs)];
}

/** The wanted part of an image at another size, [to.height, to.width, 3], by Pillow 13's integer arithmetic. */
export function resampleBytes(image: Image, resampling: Resampling): Image {
  const { width, height, filter, from, to } = resampling;
  const x = width === from.width ? undefined : tableOf(from.width, width, { filter, unit: 3 });
  const y = height === from.height ? undefined : tableOf(from.height, height, { filter, unit: 1 });
  // Each pass rounds, so their order shows: Pillow's since 13, which before went across first always.
  const downFirst = y && from.height > height && from.height - height > 2 * (from.width - width);
  // What the second pass needs of the first one's results.
  const [left, right] = reach(x, [to.left, to.width], from.width);
  const [top, bottom] = reach(y, [to.top, to.height], from.height);
  const stride = image.width * 3;
  const origin = from.top * stride + from.left * 3;

  // The loop across spills a byte over each row, and reads and writes up to three rows too many.
  const wide = to.width * 3 + (x ? 1 : 0);
  const between = downFirst
    ? { stride: (right - left) * 3, rows: to.height }
    : { stride: wide, rows: bottom - top };
  const result = downFirst ? wide : to.width * 3;
  const strip = Math.ceil(STRIP / stride) + (downFirst ? y.span : 0);
  const [xTaps, yTaps, strips, middle, out, end] = places([
    ...[x, y].map((table) => 4 * (table?.words.length ?? 0)),
    (strip + 3) * stride,
    (between.rows + 3) * between.stride,
    (to.height + 3) * result,
  ]) as [number, number, number, number, number, number];
  const { run } = pixels();
  const memory = pixels().reserve(end);
  for (const [table, at] of [[x, xTaps], [y, yTaps]] as const) {
    if (table) new Int32Array(memory.buffer, at, table.words.length).set(table.words);
  }
  const across = (source: number, target: number, rows: number) =>
    run.across(
      ...[source, downFirst ? between.stride : stride, target, wide, rows] as const,
      ...[xTaps + to.left * entry(x!), to.width, x!.pairs] as const,
    );
  const down = (source: number, target: number, [output, count]: readonly [number, number]) =>
    run.down(
      ...[source, downFirst ? stride : between.stride, target] as const,
      ...(downFirst ? [between.stride, between.stride] as const : [result, result] as const),
      ...[yTaps + output * entry(y!), count, y!.pairs] as const,
    );
  /** Brings rows of `from` to the strip. */
  const bring = (first: number, behind: number) =>
    memory.set(image.data.subarray(origin + first * stride, origin + behind * stride), strips);

  if (downFirst) {
    let rows: number;
    for (let row = 0; row < to.height; row += rows) {
      const [begin] = reach(y, [to.top + row, 1], from.height);
      const behind = (count: number) => reach(y, [to.top + row, count], from.height)[1];
      for (rows = 1; row + rows < to.height && behind(rows + 1) - begin <= strip;) rows++;
      bring(begin, behind(rows));
      const target = middle + row * between.stride;
      down(strips - begin * stride + left * 3, target, [to.top + row, rows]);
    }
    if (!x) return taken(middle, between.stride);
    across(middle - left * 3, out, to.height);
    return taken(out, result);
  }
  for (let row = top; row < bottom; row += strip) {
    const behind = Math.min(row + strip, bottom);
    bring(row, behind);
    const target = middle + (row - top) * wide;
    if (x) across(strips, target, behind - row);
    else {
      for (let r = 0; r < behind - row; r++) {
        const begin = strips + r * stride + left * 3;
        memory.copyWithin(target + r * wide, begin, begin + wide);
      }
    }
  }
  if (!y) return taken(middle, wide);
  down(middle - top * wide, out, [to.top, to.height]);
  return taken(out, result);

  function taken(at: number, stride: number): Image {
    const { width, height } = to;
    const row = width * 3;
    if (stride === row) return { width, height, data: memory.slice(at, at + height * row) };
    const data = new Uint8Array(height * row);
    for (let y = 0; y < height; y++) {
      data.set(memory.subarray(at + y * stride, at + y * stride + row), y * row);
    }
    return { width, height, data };
  }
}

/** Bytes of an output in a table. */
function entry({ pairs }: Table): number {
  return 4 * (1 + 2 * pairs);
}

/** Where parts of so many bytes lie one behind the other with room between them; last, where they end. */
function places(bytes: readonly number[]): number[] {
  let at = ROOM;
  return [...bytes, 0].map((length) => {
    const place = at;
    at += Math.ceil(length / ROOM) * ROOM + ROOM;
    return place;
  });
}
