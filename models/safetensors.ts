/** The safetensors container: bytes to named tensors and back. Knows no model and no file system. */

import { byteCount, type Dtype, DTYPES } from "./dtypes.ts";

export type { Dtype } from "./dtypes.ts";

/** Longest header that is read, in bytes, as in the reference reader. */
const MAX_HEADER = 100_000_000;

/** One stored tensor: row-major, little-endian, convolution kernels as timm lays them out (OIHW). */
export interface Weight {
  /** Element type. */
  readonly dtype: Dtype;
  /** Sizes of the axes, outermost first; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** The elements' bytes; those that {@linkcode parseSafetensors} returns are a copy of their own. */
  readonly data: Uint8Array;
}

/** What a file holds. */
export interface SafetensorsFile {
  /** Tensors by name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, Weight>;
  /** The header's `__metadata__`, empty when it has none. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A tensor of 32-bit floats. Throws RangeError when `values` does not fill the shape. */
export function fromFloats(shape: readonly number[], values: Float32Array): Weight {
  const count = shape.reduce((n, d) => n * d, 1);
  if (values.length !== count) {
    throw new RangeError(
      `Cannot store ${values.length} values as [${shape}]: ${count} values were needed`,
    );
  }
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: "F32", shape, data };
}

/**
 * The elements of an `F32` tensor, a view of its bytes where they are aligned and a copy where not.
 * Throws TypeError for another dtype.
 */
export function toFloats(weight: Weight): Float32Array {
  if (weight.dtype !== "F32") {
    throw new TypeError(`Cannot read a tensor as floats: it is ${weight.dtype}, F32 was needed`);
  }
  const data = weight.data.byteOffset % 4 === 0 ? weight.data : weight.data.slice();
  return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}

/**
 * Reads a file. Semantics: the reference reader of huggingface/safetensors, and stricter where its
 * format text is: repeated names are refused. Throws SyntaxError saying what is wrong.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * const bytes = formatSafetensors(new Map([["b", fromFloats([2], new Float32Array([1, 2]))]]));
 * assert.deepEqual(parseSafetensors(bytes).tensors.get("b")?.shape, [2]);
 * ```
 */
export function parseSafetensors(bytes: Uint8Array): SafetensorsFile {
  const start = dataStart(bytes);
  const header = parseHeader(bytes.subarray(8, start));
  let metadata: Readonly<Record<string, string>> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") metadata = parseMetadata(value);
    else entries.push(parseEntry(name, value));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) {
      fail(`tensor ${show(name)} begins at byte ${begin} of the data`, `${covered} was needed`);
    }
    covered = end;
  }
  if (start + covered !== bytes.length) {
    fail(`the file has ${bytes.length} bytes`, `its header needs ${start + covered}`);
  }
  const tensors = new Map<string, Weight>();
  for (const { name, dtype, shape, begin, end } of entries) {
    tensors.set(name, { dtype, shape, data: bytes.slice(start + begin, start + end) });
  }
  return { tensors, metadata };
}

/** Where the tensors' bytes begin in a file. Throws SyntaxError when the header cannot fit. */
export function dataStart(bytes: Uint8Array): number {
  if (bytes.length < 8) fail(`the file has ${bytes.length} bytes`, "at least 8 were needed");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER) {
    fail(`its header claims ${length} bytes`, `at most ${MAX_HEADER} were needed`);
  }
  const end = 8 + Number(length);
  if (end > bytes.length) {
    fail(`its header claims ${length} bytes`, `the file has ${bytes.length - 8} after the length`);
  }
  return end;
}

/**
 * Writes a file as the reference writer does: metadata first, then the widest dtype first and
 * names ascending, header padded with spaces to a multiple of 8 bytes. Throws RangeError when a
 * tensor's bytes do not fill its shape, TypeError for a name that the format cannot hold.
 */
export function formatSafetensors(
  tensors: ReadonlyMap<string, Weight>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort(([a, x], [b, y]) =>
    DTYPES.indexOf(y.dtype) - DTYPES.indexOf(x.dtype) || compareCodePoints(a, b)
  );
  // Text and not an object: an object would move names such as "0" to the front.
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let end = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === "__metadata__" || !name.isWellFormed()) {
      throw new TypeError(
        `Cannot store a tensor named ${JSON.stringify(name)}: another name was needed`,
      );
    }
    if (byteCount(dtype, shape) !== data.length) {
      throw new RangeError(
        `Cannot store tensor "${name}": it has ${data.length} bytes, ` +
          `${dtype} [${shape}] was needed`,
      );
    }
    const info = JSON.stringify({ dtype, shape, data_offsets: [end, end + data.length] });
    fields.push(`${JSON.stringify(name)}:${info}`);
    end += data.length;
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  const start = 8 + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(header, 8);
  let offset = start;
  for (const [, { data }] of sorted) {
    bytes.set(data, offset);
    offset += data.length;
  }
  return bytes;
}

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseHeader(bytes: Uint8Array): object {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    fail("its header is not UTF-8", "a JSON object was needed");
  }
  if (!text.startsWith("{")) {
    fail(`its header begins with ${JSON.stringify(text.slice(0, 1))}`, '"{" was needed');
  }
  let header: object;
  try {
    header = JSON.parse(text);
  } catch (error) {
    fail(`its header is not JSON (${(error as Error).message})`, "a JSON object was needed");
  }
  const repeated = repeatedName(text);
  if (repeated !== undefined) {
    fail(`its header names ${repeated} twice`, "different names were needed");
  }
  return header;
}

/** The first name that one object of a valid JSON text has twice, as written; JSON.parse hides it. */
function repeatedName(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{") open.push(new Set());
    if (text[i] === "}") open.pop();
    if (text[i] !== '"') continue;
    const start = i++;
    while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
    const written = text.slice(start, i + 1);
    while (" \t\r\n".includes(text[i + 1] ?? ":")) i++;
    if (text[i + 1] !== ":") continue;
    const name: string = JSON.parse(written);
    const names = open.at(-1);
    if (names?.has(name)) return show(name);
    names?.add(name);
  }
  return undefined;
}

function parseMetadata(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === "string")) {
    fail("its __metadata__ holds other things", "an object of strings was needed");
  }
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown): Entry {
  const what = `tensor ${show(name)}`;
  if (!name.isWellFormed()) fail(`the name of ${what} is not Unicode`, "another was needed");
  if (!isObject(value)) fail(`${what} is ${show(value)}`, "an object was needed");
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    fail(`${what} has dtype ${show(dtype)}`, `one of ${DTYPES} was needed`);
  }
  if (!isSizes(shape)) {
    fail(`${what} has shape ${show(shape)}`, "whole numbers from 0 were needed");
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    fail(`${what} has data_offsets ${show(offsets)}`, "[begin, end] was needed");
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) fail(`${what} has data_offsets [${offsets}]`, "begin ≤ end was needed");
  const needed = byteCount(dtype, shape);
  if (needed === undefined) {
    fail(`${what} is ${dtype} [${shape}]`, "a whole number of bytes below 2^53 was needed");
  }
  if (end - begin !== needed) {
    fail(`${what} has ${end - begin} bytes`, `${dtype} [${shape}] needs ${needed}`);
  }
  return { name, dtype, shape, begin, end };
}

function isDtype(value: unknown): value is Dtype {
  return (DTYPES as readonly unknown[]).includes(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** Order of the names' UTF-8 bytes; JavaScript's own order differs beyond U+FFFF. */
function compareCodePoints(a: string, b: string): number {
  const x = [...a];
  const y = [...b];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

/** A value of a header as part of a message: neither long nor deep. */
function show(value: unknown): string {
  if (isObject(value)) return "an object";
  if (Array.isArray(value) && value.some((item) => typeof item === "object")) return "a list";
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function fail(is: string, needed: string): never {
  throw new SyntaxError(`Cannot read safetensors: ${is}, ${needed}`);
}
