/**
 * Fusion: decides which values are stored and which are computed where they are read.
 *
 * Rule 1 of the design: a pointwise op is inlined into its consumers unless that moves more bytes.
 * Let L = loads its expression makes, u = times its result is read. Stored: L + 1 + u; inlined: L·u.
 */

import { constantValues, isInput, type Tensor } from "../graph.ts";
import { packOffsets } from "../ops/layout.ts";
import { fullValue } from "../ops/pointwise.ts";
import { quads, storedBytes } from "../shape.ts";
import { kernelOf } from "./geometry.ts";
import { allowedBy, type CompileOptions, fuses } from "./program.ts";

/** Ops whose expression costs about a load more, on adapters bound by loads. */
const COSTLY = new Set(["silu", "siluGrad", "sigmoid", "sqrt", "div", "dropout"]);

/** The value whose storage `t` is, and where in it `t` begins, in quads. */
export function storage(t: Tensor): { base: Tensor; offset: number } {
  let offset = 0;
  while (t.op.view) {
    offset += t.op.view(t);
    t = t.operands[0]!;
  }
  return { base: t, offset };
}

/** True for a value that is text in a shader, never memory: a number. */
export function isLiteral(t: Tensor): boolean {
  return fullValue(t) !== undefined || constantValues(t)?.length === 1;
}

/** The tensors of `order` that get memory. `order` lists operands before users. */
export function chooseStored(
  order: readonly Tensor[],
  roots: ReadonlySet<Tensor>,
  options: CompileOptions,
): Set<Tensor> {
  const stored = new Set<Tensor>();
  const uses = countUses(order, options);
  for (const t of order) {
    if (t.op.view || isLiteral(t) && !roots.has(t) && !uses.viewed.has(t)) continue;
    if (!t.op.pointwise || roots.has(t) || !fuses(options, "inline") || uses.viewed.has(t)) {
      stored.add(t);
      continue;
    }
    const u = uses.times.get(t) ?? 0;
    const wider = uses.widest.get(t)! > quads(t.shape);
    if (wider || !worthInlining(t, u, stored, options)) stored.add(t);
  }
  limitBuffers(order, roots, stored, allowedBy(options).maxBuffers);
  return stored;
}

function worthInlining(
  t: Tensor,
  u: number,
  stored: ReadonlySet<Tensor>,
  options: CompileOptions,
): boolean {
  const operands = [...leaves(t, stored)];
  const large = operands.filter((x) => quads(x.shape) >= quads(t.shape)).length;
  if (!options.loadBound) return large * u <= large + 1 + u;
  const cost = operands.length + costly(t, stored);
  return cost * u <= cost + 1 + u;
}

/** How many costly functions the expression of `t` evaluates. */
function costly(t: Tensor, stored: ReadonlySet<Tensor>): number {
  if (!t.op.pointwise) return 0;
  return (COSTLY.has(t.op.name) ? 1 : 0) +
    t.operands.reduce((n, x) => n + (stored.has(x) ? 0 : costly(x, stored)), 0);
}

/** The stored values that the expression of `t` reads, `t` itself not counted. */
export function leaves(t: Tensor, stored: ReadonlySet<Tensor>): Set<Tensor> {
  const found = new Set<Tensor>();
  const visit = (x: Tensor) => {
    const { base } = storage(x);
    if (stored.has(base)) found.add(base);
    else if (!isLiteral(base)) base.operands.forEach(visit);
  };
  t.operands.forEach(visit);
  return found;
}

interface Uses {
  /** Times each tensor is read: by how many ops, or on devices bound by loads how often they load it. */
  readonly times: Map<Tensor, number>;
  /** Size of the largest consumer that reads it element by element, in quads. */
  readonly widest: Map<Tensor, number>;
  /** Tensors that a view looks into, or the host. */
  readonly viewed: Set<Tensor>;
}

function countUses(order: readonly Tensor[], options: CompileOptions): Uses {
  const times = new Map<Tensor, number>();
  const widest = new Map<Tensor, number>();
  const viewed = new Set<Tensor>();
  for (const t of order) {
    const loads = t.op.kernel && kernelOf(t, options).loads;
    const read = t.op.view ? t.operands.slice(0, 1) : t.operands;
    read.forEach((x, i) => {
      if (t.op.view || packOffsets(t) || t.op.across) viewed.add(x);
      times.set(x, (times.get(x) ?? 0) + (options.loadBound ? loads?.[i] ?? 1 : 1));
      const width = t.op.pointwise
        ? quads(t.shape)
        : Math.max(quads(x.shape), t.op.reduction ? quads(t.operands[0]!.shape) : 0);
      widest.set(x, Math.max(widest.get(x) ?? 0, width));
    });
  }
  return { times, widest, viewed };
}

/** Bytes up to which values may share a buffer with others, so that a dispatch sees fewer. */
const SMALL_BYTES = 2 ** 20;

/** True for a value that may share a buffer: a small one that a step computes. */
export function isSmall(t: Tensor): boolean {
  return storedBytes(t.shape) <= SMALL_BYTES && !isInput(t) && !constantValues(t);
}

/** Stores inlined values until no dispatch needs more buffers than the device allows. */
function limitBuffers(
  order: readonly Tensor[],
  roots: ReadonlySet<Tensor>,
  stored: Set<Tensor>,
  limit: number,
): void {
  const buffers = (t: Tensor) => {
    const read = [...leaves(t, stored)];
    const own = read.filter((x) => !isSmall(x) || roots.has(x));
    return own.length + (own.length < read.length ? 1 : 0);
  };
  const narrow = (t: Tensor) => {
    while (buffers(t) + 1 > limit) {
      const inlined = t.operands.map((x) => storage(x).base)
        .filter((x) => !stored.has(x) && !isLiteral(x) && !roots.has(x));
      const widest = deepest(inlined, stored);
      if (!widest) {
        throw new RangeError(
          `Cannot plan ${t}: it reads ${buffers(t)} buffers, ${limit - 1} at most fit`,
        );
      }
      stored.add(widest);
      narrow(widest);
    }
  };
  for (const t of order) if (stored.has(t) && !isInput(t) && !packOffsets(t)) narrow(t);
}

function deepest(candidates: readonly Tensor[], stored: ReadonlySet<Tensor>): Tensor | undefined {
  return [...candidates].sort((a, b) => leaves(b, stored).size - leaves(a, stored).size)[0];
}
