/**
 * Grouping: which values a dispatch computes together. Decides nothing about memory and writes no text.
 *
 * Rule 2 of the design: a reduction joins the step that computes its newest operand where everything else
 * that it needs is complete before; pointwise values do the same. What follows from a complete sum, column
 * by column, is computed where the sum is completed.
 */

import type { Tensor } from "../graph.ts";
import { channelQuads, channels, rows } from "../shape.ts";
import { leaves, storage } from "./fuse.ts";
import { epilogueOf, fitsWorkgroup, kernelOf, walk } from "./geometry.ts";
import type { Homes } from "./homes.ts";
import { type CompileOptions, fuses, targetOf } from "./program.ts";
import { type Draft, readsOf, states, type Step, written } from "./steps.ts";

/** What grouping needs to know. */
export interface Grouping {
  /** Values to compute, operands before users. */
  readonly values: readonly Tensor[];
  /** What has memory; parts of sums are added. */
  readonly stored: Set<Tensor>;
  /** Values that have to be in memory, whoever reads them. */
  readonly kept: (t: Tensor) => boolean;
  readonly homes: Homes;
  readonly options: CompileOptions;
}

/** The steps that compute `values`, in order. */
export function groupSteps(grouping: Grouping): Step[] {
  const groups = new Groups(grouping);
  grouping.values.forEach((t) => groups.place(t));
  return groups.steps();
}

/** Positions at which a step computes: rows and channels, or whole columns where `rows` is left out. */
interface Positions {
  readonly rows?: number;
  readonly channels: number;
}

/** The positions of the values of a step that computes `t`. */
function positionsOf(t: Tensor): Positions {
  return { rows: rows(t.shape), channels: channels(t.shape) };
}

function covers(at: Positions, t: Tensor): boolean {
  return channels(t.shape) === at.channels && (!at.rows || rows(t.shape) === at.rows);
}

class Groups {
  readonly #drafts: Draft[] = [];
  readonly #stepOf = new Map<Tensor, number>();
  /** Where the rows of a sum join, which is completed later. */
  readonly #rowsIn = new Map<Tensor, number>();
  readonly #readers = new Map<Tensor, Tensor[]>();
  /** What a kernel can compute together with what else. */
  readonly #partners = new Map<Tensor, Tensor>();
  readonly #values: ReadonlySet<Tensor>;
  readonly #grouping: Grouping;

  constructor(grouping: Grouping) {
    this.#grouping = grouping;
    this.#values = new Set(grouping.values);
    if (fuses(grouping.options, "pair")) {
      for (const t of grouping.values.filter((t) => t.op.pair)) {
        const partner = grouping.values.find((other) =>
          t.op.pair!(t, other, targetOf(grouping.options))
        );
        if (partner) this.#partners.set(t, partner);
      }
    }
    for (const t of grouping.values) {
      for (const x of leaves(t, grouping.stored)) {
        this.#readers.set(x, [...this.#readers.get(x) ?? [], t]);
      }
    }
  }

  /** Has `t` computed, in an earlier step if possible. */
  place(t: Tensor): void {
    if (this.#stepOf.has(t)) return;
    const host = this.#newest(t);
    const draft = this.#drafts[host];
    const mobile = t.op.reduction || t.op.pointwise || t.op.columns;
    const note = draft && mobile && (t.op.reduction ? this.#addSum(t, host) : this.#join(t, host));
    if (draft && mobile && note === undefined) return;
    const reason = note ? { note } : {};
    if (!t.op.reduction) {
      this.#open(t, this.#paired({ values: [t], sums: [], after: [], ...reason }));
      return;
    }
    const { runs } = t.op.reduction(t);
    const alone: Draft = { values: [], sums: [], after: [], ...reason };
    if (runs > 1) alone.run = rows(t.operands[0]!.shape) / runs;
    this.#drafts.push(alone);
    const kernel = walk(t.operands[0]!.shape, runs, this.#grouping.options);
    this.#sum(t, this.#drafts.length - 1, kernel.grid[1]);
    this.#fits(alone);
  }

  /** The steps as they are now, each with what it reads and keeps. */
  steps(): Step[] {
    const { stored, kept } = this.#grouping;
    return this.#drafts.map((draft, i) => ({
      ...draft,
      stores: draft.values.filter((t) => kept(t) || this.#readElsewhere(t, i)),
      reads: readsOf(draft, stored),
    }));
  }

  #readElsewhere(t: Tensor, step: number): boolean {
    return (this.#readers.get(t) ?? []).some((reader) =>
      (this.#rowsIn.get(reader) ?? this.#stepOf.get(reader)) !== step
    );
  }

  /** `draft`, which has one value, with what can be computed together with it already. */
  #paired(draft: Draft): Draft {
    const pair = this.#partners.get(draft.values[0]!);
    if (!pair || this.#stepOf.has(pair)) return draft;
    const pending = (x: Tensor): boolean =>
      !this.#stepOf.has(x) && (this.#values.has(x) || x.operands.some(pending));
    const ready = ![...leaves(pair, this.#grouping.stored)].some(pending);
    return ready && this.#fits({ ...draft, pair }) ? { ...draft, pair } : draft;
  }

  #open(t: Tensor, draft: Draft): void {
    this.#stepOf.set(t, this.#drafts.push(draft) - 1);
    if (draft.pair) this.#stepOf.set(draft.pair, this.#drafts.length - 1);
    this.#fits(draft);
  }

  /** The step that computes the newest stored value of the expression of `t`; −1 where there is none. */
  #newest(t: Tensor): number {
    return Math.max(-1, ...[...leaves(t, this.#grouping.stored)].map((x) => this.#index(x)));
  }

  /** The step that computes `x`; the newest part's for a pack, −1 for an input. */
  #index(x: Tensor): number {
    const known = this.#stepOf.get(x);
    if (known !== undefined) return known;
    return Math.max(-1, ...x.operands.map((part) => this.#index(storage(part).base)));
  }

  /** Whether the buffers of a step fit its device, `more` included. Small values may be brought together. */
  #fits(draft: Draft, more: Partial<Draft> = {}): boolean {
    const { homes, stored, kept } = this.#grouping;
    const all: Draft = {
      ...draft,
      values: [...draft.values, ...more.values ?? []],
      sums: [...draft.sums, ...more.sums ?? []],
      after: [...draft.after, ...more.after ?? []],
    };
    const own = new Set([...all.values, ...all.sums.map((s) => s.of), ...all.after]);
    const stores = all.values.filter((t) =>
      kept(t) || (this.#readers.get(t) ?? []).some((reader) => !own.has(reader))
    );
    return homes.fit([...readsOf(all, stored), ...written({ ...all, stores })]);
  }

  /** Adds `t` to step `host`, which computes its newest operand; the reason why not, where it cannot. */
  #join(t: Tensor, host: number): string | undefined {
    const draft = this.#drafts[host]!;
    if (!fuses(this.#grouping.options, "join")) return "joining is switched off";
    const where = this.#beside(t, host) ? "values" : this.#follows(t, host) ? "after" : undefined;
    if (!where) return "it is read at other positions";
    if (!this.#fits(draft, { [where]: [t] })) return "it would need too many buffers";
    draft[where].push(t);
    this.#stepOf.set(t, host);
    return undefined;
  }

  /** Whether `t` can be computed beside the values of a step, position by position. */
  #beside(t: Tensor, host: number): boolean {
    const { values } = this.#drafts[host]!;
    const [root] = values;
    if (!root || root.op.columns || root.op.across || !t.op.pointwise) return false;
    const at = positionsOf(root);
    return covers(at, t) && this.#readsAt(t, new Set(values), at, host);
  }

  /** Whether `t` can be computed column by column from what the complete sums of a step are. */
  #follows(t: Tensor, host: number): boolean {
    const { sums, after } = this.#drafts[host]!;
    const complete = sums.filter((s) => !s.into).map((s) => s.of);
    const [first] = complete;
    if (!first) return false;
    const { runs } = first.op.reduction!(first);
    const column = runs === 1;
    const at = { channels: channels(first.shape), ...(!column && { rows: runs }) };
    const single = t.op.pointwise ? rows(t.shape) === runs : column;
    return single && covers(at, t) && this.#readsAt(t, new Set([...complete, ...after]), at, host);
  }

  /** Whether `t` reads of step `host` nothing but `own`, and that at the positions it is computed at. */
  #readsAt(t: Tensor, own: ReadonlySet<Tensor>, at: Positions, host: number): boolean {
    const { stored } = this.#grouping;
    // "in" for an expression that reads some of `own`, "out" for one that reads none.
    const reach = (x: Tensor): "in" | "out" | "astray" => {
      const { base, offset } = storage(x);
      const moved = at.rows ? offset > 0 : offset % channelQuads(x.shape) > 0;
      const fitting = covers(at, x) && covers(at, base) && !moved ? "in" : "astray";
      if (own.has(base)) return fitting;
      if (stored.has(base)) return this.#index(base) === host ? "astray" : "out";
      const below = base.operands.map(reach);
      if (below.includes("astray")) return "astray";
      return below.includes("in") ? fitting : "out";
    };
    return !t.operands.map(reach).includes("astray");
  }

  /** Has the rows of `t` join in step `host`, which computes its newest operand; the reason why not, else. */
  #addSum(t: Tensor, host: number): string | undefined {
    const { options } = this.#grouping;
    const draft = this.#drafts[host]!;
    const [root] = draft.values;
    if (!fuses(options, "reduce")) return "reductions are switched off";
    if (root?.op.kernel && !fuses(options, "epilogue")) return "epilogues are switched off";
    if (!root) return "its newest operand is a sum, complete only after that";
    const { runs, state } = t.op.reduction!(t);
    const run = runs > 1 ? rows(root.shape) / runs : undefined;
    if (!this.#readsAt(t, new Set(draft.values), positionsOf(root), host)) {
      return "it is read at other positions, or not complete yet";
    }
    if (draft.sums.length && draft.run !== run) return "rows are summed apart there";
    const kernel = root.op.kernel
      ? kernelOf(root, options, run, draft.pair)
      : root.op.pointwise && walk(root.shape, runs, options);
    const epilogue = kernel && epilogueOf(kernel, run);
    if (!epilogue) return `${root.op.name} has no epilogue for it`;
    const others = draft.sums.map((s) => s.of.op.reduction!(s.of).state);
    if (!fitsWorkgroup(epilogue, others.reduce((a, b) => a + b, state))) {
      return "it would need too much workgroup memory";
    }
    const into = states(t, epilogue.parts);
    if (!this.#fits(draft, { sums: [{ of: t, into }] })) return "it would need too many buffers";
    if (run) draft.run = run;
    this.#sum(t, host, epilogue.parts);
    return undefined;
  }

  /** Sums `t` up in step `host` in so many parts, and completes it there or in a step of its own. */
  #sum(t: Tensor, host: number, parts: number): void {
    const { runs } = t.op.reduction!(t);
    this.#rowsIn.set(t, host);
    if (parts === runs) {
      this.#drafts[host]!.sums.push({ of: t });
      this.#stepOf.set(t, host);
      return;
    }
    const into = states(t, parts);
    this.#grouping.stored.add(into);
    this.#drafts[host]!.sums.push({ of: t, into });
    this.#stepOf.set(into, host);
    const finish: Draft = { values: [], sums: [{ of: t, from: into }], after: [] };
    if (runs > 1) finish.run = parts / runs;
    this.#open(t, finish);
  }
}
