/**
 * Sharing: dispatches whose texts differ in numbers alone get one text, which reads these numbers from a
 * uniform buffer. What a compiler has to know (sizes of arrays and workgroups, places in registers) stays
 * in the text. Knows no op.
 */

import type { Dispatch } from "./program.ts";

/** A text cut where numbers stand that may be read at run time, and these numbers. */
interface Cut {
  readonly pieces: readonly string[];
  readonly numbers: readonly number[];
}

/** Which of `dispatches` share texts, with the numbers of each. The texts of others stay as they are. */
export function shareTexts(dispatches: readonly Dispatch[]): Dispatch[] {
  const cuts = new Map<string, Cut>();
  const groups = new Map<string, Set<string>>();
  for (const { wgsl } of dispatches) {
    if (cuts.has(wgsl)) continue;
    const cut = cutText(wgsl);
    cuts.set(wgsl, cut);
    const key = cut.pieces.join("\0");
    groups.set(key, (groups.get(key) ?? new Set()).add(wgsl));
  }
  const shared = new Map<string, Pick<Dispatch, "wgsl" | "numbers">>();
  for (const texts of groups.values()) {
    if (texts.size > 1) shareGroup([...texts], cuts, shared);
  }
  return dispatches.map((d) => ({ ...d, ...shared.get(d.wgsl) }));
}

function shareGroup(
  texts: readonly string[],
  cuts: ReadonlyMap<string, Cut>,
  shared: Map<string, Pick<Dispatch, "wgsl" | "numbers">>,
): void {
  const members = texts.map((text) => cuts.get(text)!);
  const [{ pieces, numbers: first }] = members as [Cut];
  const slots = new Map<string, number>(); // by what the members have there
  const values = first.map((n, i) => {
    const column = members.map(({ numbers }) => numbers[i]!);
    if (column.every((v) => v === n)) return `${n}u`;
    const key = column.join();
    const slot = slots.get(key) ?? slots.size;
    slots.set(key, slot);
    return `numbers[${slot >> 2}].${"xyzw"[slot & 3]}`;
  });
  const text = pieces.map((piece, i) => piece + (values[i] ?? "")).join("");
  const columns = [...slots.keys()].map((key) => key.split(",").map(Number));
  const declared = text.match(/@binding\(/g)?.length ?? 0;
  const wgsl = `@group(0) @binding(${declared}) var<uniform> numbers: array<vec4u, ${
    Math.ceil(slots.size / 4)
  }>;\n${text}`;
  texts.forEach((old, m) => shared.set(old, { wgsl, numbers: columns.map((c) => c[m]!) }));
}

/** Constants of a text, each a line. */
const CONSTANT = /^const ([A-Z][A-Z0-9_]*) = (\d+)u;\n/gm;

/**
 * In a text: what a compiler has to know, as a whole (constants inside functions, types, memory of a thread
 * and of a workgroup, attributes, divisors, places in what is not a buffer), or one number or constant.
 */
const PARTS =
  /^(?: +const |alias |var<).*$|@\w+\([^)]*\)|array<[^(;\n]*>|[/%] \d+u|(?<![\w.])(?!b\d+\[)[a-z_]\w*\[(?:[^[\]]|\[[^\]]*\])*\]|(?<![\w.])(?:\d+u|[A-Z][A-Z0-9_]*)(?!\w)/gm;

const NAME = /(?<!\w)[A-Z][A-Z0-9_]*(?!\w)/g;

/** Cuts a text at the numbers that may vary; constants that may vary are among them. */
function cutText(wgsl: string): Cut {
  const constants = new Map<string, number>();
  const text = wgsl.replace(CONSTANT, (_, name: string, value: string) => {
    constants.set(name, Number(value));
    return "";
  });
  const free: { readonly at: number; readonly token: string }[] = [];
  const known = new Set<string>();
  for (const { 0: token, index: at } of text.matchAll(PARTS)) {
    if (/^(?:\d+u|[A-Z][A-Z0-9_]*)$/.test(token)) free.push({ at, token });
    else for (const [name] of token.matchAll(NAME)) known.add(name);
  }
  const fixed = [...constants].filter(([name]) => known.has(name));
  const pieces: string[] = [];
  const numbers: number[] = [];
  let from = 0;
  for (const { at, token } of free) {
    const value = constants.get(token) ?? parseInt(token);
    if (Number.isNaN(value) || known.has(token)) continue;
    pieces.push(text.slice(from, at));
    numbers.push(value);
    from = at + token.length;
  }
  const head = fixed.map(([name, value]) => `const ${name} = ${value}u;\n`).join("");
  pieces.push(text.slice(from));
  pieces[0] = head + pieces[0];
  return { pieces, numbers };
}
