/**
 * Gathering: sums of split products, which only a pack waits for, are added up by one dispatch. Their parts
 * lie side by side meanwhile.
 */

import { constant, type Tensor } from "../graph.ts";
import { quads, storedBytes } from "../shape.ts";
import { storage } from "./fuse.ts";
import type { Owners } from "./plan.ts";
import type { Place } from "./slots.ts";
import { type Step, written } from "./steps.ts";

/** Dispatches among which the parts are divided: while they wait, they take memory beside activations. */
const LISTS = 6;

/** Bytes of parts that wait for one dispatch: at most, and, where there are more, at least. */
const [MOST_BYTES, LEAST_BYTES] = [2 ** 24, 2 ** 21];

/** Quads that a number of float32 can point to. */
const MAX_QUADS = 2 ** 24;

/** Quads that a workgroup adds up. */
const GROUP_QUADS = 64;

/** Steps with the sums gathered, and the values that wait, by the step they wait for. */
export interface Gathered {
  readonly steps: readonly Step[];
  /** Values that lie side by side, list by list. */
  readonly waiting: readonly (readonly Tensor[])[];
}

/** Gathers the sums among `steps` that nothing but their pack waits for. */
export function gatherSums(steps: readonly Step[], owners: Owners, maxBinding: number): Gathered {
  const computedIn = new Map(steps.flatMap((s, i) => written(s).map((t) => [t, i] as const)));
  const readers = new Map<Tensor, number>();
  for (const { reads } of steps) {
    for (const t of reads) readers.set(t, (readers.get(t) ?? 0) + 1);
  }
  /** The parts that step `s` adds up and nothing else reads; undefined where it does anything else. */
  const partsOf = ({ values, sums }: Step): Tensor | undefined => {
    const [y] = values;
    if (!y?.op.stretches?.(y) || values.length > 1 || sums.length || readers.has(y)) {
      return undefined;
    }
    const { base, offset } = storage(y.operands[0]!);
    const alone = computedIn.has(base) && readers.get(base) === 1 && !owners.has(base);
    const pack = owners.get(y)?.pack;
    const reached = pack && quads(pack.shape) <= MAX_QUADS;
    return reached && alone && offset === 0 ? base : undefined;
  };
  const jobs = steps.flatMap((step) => {
    const parts = partsOf(step);
    return parts ? [{ step, parts, at: computedIn.get(parts)! }] : [];
  }).sort((a, b) => a.at - b.at);
  if (jobs.length < 2) return { steps, waiting: [] };

  // A list of jobs for each stretch of steps whose parts are no more than `limit`, before the packs are read.
  const all = jobs.reduce((n, job) => n + aligned(job.parts), 0);
  const limit = Math.min(maxBinding, MOST_BYTES, Math.max(LEAST_BYTES, all / LISTS));
  const lists: { pack: Tensor; jobs: typeof jobs; bytes: number; before: number }[] = [];
  for (const job of jobs) {
    const { pack } = owners.get(job.step.values[0]!)!;
    const list = lists.at(-1);
    const bytes = aligned(job.parts);
    if (list?.pack === pack && list.bytes + bytes <= limit) {
      list.jobs.push(job);
      list.bytes += bytes;
    } else {
      if (list) list.before = Math.min(list.before, job.at);
      const read = steps.findIndex((s) => s.reads.has(pack));
      lists.push({ pack, jobs: [job], bytes, before: read < 0 ? steps.length : read });
    }
  }
  const gathered = new Set(jobs.map((job) => job.step));
  const out: Step[] = [];
  for (let i = 0; i <= steps.length; i++) {
    for (const list of lists.filter((l) => l.before === i)) {
      const gathers = list.jobs.map((job) => job.step.values[0]!);
      const reads = new Set(list.jobs.map((job) => job.parts));
      const last = lists.findLast((l) => l.pack === list.pack) === list;
      const clears = last && gapsOf(list.pack, owners).length ? { clears: list.pack } : {};
      out.push({ values: [], stores: [], sums: [], after: [], gathers, reads, ...clears });
    }
    const step = steps[i];
    if (step && !gathered.has(step)) out.push(step);
  }
  return { steps: out, waiting: lists.map((l) => l.jobs.map((job) => job.parts)) };
}

/** Bytes that `t` takes beside others. */
export function aligned(t: Tensor): number {
  return Math.ceil(storedBytes(t.shape) / 256) * 256;
}

/** The stretches of a pack that no part covers, in quads. */
export function gapsOf(pack: Tensor, owners: Owners): { from: number; to: number }[] {
  const parts = [...owners].filter(([, owner]) => owner.pack === pack)
    .map(([t, { offset }]) => ({ from: offset, to: offset + quads(t.shape) }))
    .sort((a, b) => a.from - b.from);
  const end = quads(pack.shape);
  const gaps = [...parts, { from: end, to: end }].map(({ from }, i) => ({
    from: i ? parts[i - 1]!.to : 0,
    to: from,
  }));
  return gaps.filter(({ from, to }) => from < to);
}

/** What each workgroup of a gathering step does, for `shaders/sum_stretches.wgsl`: [groups, 8]. */
export function jobTable(
  { gathers = [], clears }: Step,
  owners: Owners,
  places: ReadonlyMap<Tensor, Place>,
): Tensor {
  const table: number[] = [];
  for (const y of gathers) {
    const stretch = quads(y.shape);
    const from = places.get(storage(y.operands[0]!).base)!.offset / 16;
    const to = places.get(y)!.offset / 16;
    for (let i = 0; i < stretch; i += GROUP_QUADS) {
      const count = Math.min(GROUP_QUADS, stretch - i);
      table.push(from + i, to + i, stretch, y.op.stretches!(y)!, count, 0, 0, 0);
    }
  }
  for (const { from, to } of clears ? gapsOf(clears, owners) : []) {
    const start = places.get(clears!)!.offset / 16;
    for (let i = from; i < to; i += GROUP_QUADS) {
      table.push(0, start + i, 0, 0, Math.min(GROUP_QUADS, to - i), 0, 0, 0); // the sum of nothing
    }
  }
  return constant(table, [table.length / 8, 8]);
}
