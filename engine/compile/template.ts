/**
 * Shader files as templates: fills the marked regions of a WGSL file. The files are whole without it.
 *
 * - `//! consts` and `//! holes` up to `//! end`: defaults, left out; the emitter's own take their place.
 * - `//! unroll R < TM` up to its `//! end`: repeated for R = 0 … TM−1. A name ending in `_R` gets the
 *   number (`x_R` → `x_3`), the word `R` becomes the literal (`3u`). Regions nest.
 */

const UNROLL = /^\s*\/\/! unroll (\w+) < (\w+)/;

/** The parameter names of the load functions and the stores, in the order of the inputs and results. */
export function holeNames(shader: string): { loads: string[]; stores: string[] } {
  const names = (kind: RegExp) => [...shader.matchAll(kind)].map((m) => m[1]!);
  const loads = names(/^fn load_(\w+)\(/gm);
  const stores = names(/^fn store_(\w+)\(/gm);
  if (!stores.length) {
    throw new SyntaxError("Cannot use a shader: it has no `fn store_…`, one was needed");
  }
  return { loads, stores };
}

/** The body of `shader` with its regions unrolled; `consts` gives their bounds. */
export function expand(shader: string, consts: Readonly<Record<string, number>>): string {
  const lines = shader.split("\n");
  const from = lines.findIndex((l) => l.trim() === "//! consts" || l.trim() === "//! holes");
  const to = lines.findIndex((l) => l.trim() === "//! end");
  const body = lines.filter((l, i) => (i < from || i > to) && !/^\s*\/\/(?!!)/.test(l));
  return unroll(body, consts).join("\n");
}

function unroll(lines: readonly string[], consts: Readonly<Record<string, number>>): string[] {
  const out: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const opening = UNROLL.exec(lines[i]!);
    if (!opening) {
      out.push(lines[i]!);
      continue;
    }
    const [, variable = "", bound = ""] = opening;
    const end = closing(lines, i);
    const body = lines.slice(i + 1, end);
    const times = /^\d+$/.test(bound) ? Number(bound) : consts[bound];
    if (times === undefined) {
      throw new SyntaxError(`Cannot unroll ${variable}: ${bound} is not among the consts`);
    }
    const suffix = new RegExp(`(?<=_)${variable}(?=_|\\b)`, "g");
    const word = new RegExp(`\\b${variable}\\b`, "g");
    for (let n = 0; n < times; n++) {
      const copy = body.map((l) =>
        UNROLL.test(l) ? l : l.replace(suffix, String(n)).replace(word, `${n}u`)
      );
      out.push(...unroll(copy, consts));
    }
    i = end;
  }
  return out;
}

/** The line of the `//! end` that closes the region opened at line `at`. */
function closing(lines: readonly string[], at: number): number {
  let depth = 0;
  for (let i = at; i < lines.length; i++) {
    if (UNROLL.test(lines[i]!)) depth++;
    if (lines[i]!.trim() === "//! end" && --depth === 0) return i;
  }
  throw new SyntaxError("Cannot unroll a region: it has no `//! end`");
}
