/** Slots: which stretch of which buffer holds which tensor, and for how long. No order, no text. */

import type { Tensor } from "../graph.ts";
import { packOffsets } from "../ops/layout.ts";
import { bufferBytes } from "./formats.ts";
import { aligned, gapsOf } from "./gather.ts";
import { layOut, type Use } from "./heaps.ts";
import type { Owners } from "./plan.ts";
import { allowedBy, type Buffer, type CompileOptions, type Location } from "./program.ts";
import { type Step, written } from "./steps.ts";

/** What the schedule says of the tensors to place. */
export interface Residents {
  /** Parts that are computed inside a pack. */
  readonly owners: Owners;
  /** Values that are computed into the memory of a state. */
  readonly targets: ReadonlyMap<Tensor, Tensor>;
  /** Tensors that are read after the step. */
  readonly pinned: ReadonlySet<Tensor>;
  /** Inputs and states, which have a buffer of their own, and packs. */
  readonly fixed: readonly Tensor[];
  readonly constants: readonly Tensor[];
  /** Values and packs that share a slot, by any key. */
  readonly shared: ReadonlyMap<Tensor, readonly Tensor[]>;
  /** Values that lie side by side until one dispatch reads them, list by list. */
  readonly waiting: readonly (readonly Tensor[])[];
  /** Values that are kept as halves: none of the others listed here. */
  readonly halves: ReadonlySet<Tensor>;
}

/** Where a tensor lies. */
export interface Place {
  /** Index into the slots of the plan. */
  readonly slot: number;
  /** In bytes from the slot's beginning. */
  readonly offset: number;
}

/** What a dispatch sees through one binding: a stretch of a buffer. */
export type Slot = Location;

/** The memory of a plan. */
export interface Allocation {
  readonly places: Map<Tensor, Place>;
  readonly slots: Slot[];
  readonly buffers: Buffer[];
}

/** A slot before it has a place: its size, and the input or constant that has a buffer to itself. */
interface Draft {
  readonly size: number;
  readonly holds?: Tensor;
}

/**
 * Gives every stored tensor its memory. Inputs, states and constants have buffers of their own. All others
 * lie in heaps, which they share in time: each alone in a slot, or side by side in one.
 */
export function allocate(
  steps: readonly Step[],
  residents: Residents,
  options: CompileOptions,
): Allocation {
  const { owners, targets, shared, waiting, fixed, constants, halves } = residents;
  const places = new Map<Tensor, Place>();
  const drafts: Draft[] = [];
  const place = (values: readonly Tensor[], holds?: Tensor) => {
    let size = 0;
    for (const t of values) {
      places.set(t, { slot: drafts.length, offset: size });
      size += values.length > 1 ? aligned(t) : bufferBytes(t, halves);
    }
    drafts.push({ size, ...(holds && { holds }) });
  };
  for (const values of [...shared.values(), ...waiting]) place(values);
  for (const t of fixed) if (!places.has(t)) place([t], packOffsets(t) ? undefined : t);
  for (const t of constants) if (!places.has(t)) place([t], t);
  for (const t of steps.flatMap(written)) {
    const owner = owners.get(t);
    const state = targets.get(t);
    if (places.has(t)) continue;
    if (owner) {
      const { slot, offset } = places.get(owner.pack)!;
      places.set(t, { slot, offset: offset + owner.offset * 16 });
    } else if (state) places.set(t, places.get(state)!);
    else place([t]);
  }

  const buffers: Buffer[] = [];
  const slots = new Array<Slot>(drafts.length);
  const passing: number[] = [];
  drafts.forEach(({ size, holds }, i) => {
    if (!holds) passing.push(i);
    else slots[i] = { buffer: buffers.push({ size, holds }) - 1, offset: 0 };
  });
  const uses = usesOf(steps, places, residents);
  const heaps = layOut(
    passing.map((i) => ({ size: drafts[i]!.size, uses: uses.get(i) ?? [] })),
    allowedBy(options).maxBuffer,
  );
  heaps.places.forEach(({ heap, offset }, k) =>
    slots[passing[k]!] = { buffer: buffers.length + heap, offset }
  );
  buffers.push(...heaps.sizes.map((size) => ({ size })));
  return { places, slots, buffers };
}

/** When which stretches of each slot hold what is still to be read, or are seen by a dispatch. */
function usesOf(
  steps: readonly Step[],
  places: ReadonlyMap<Tensor, Place>,
  { owners, pinned, fixed, halves }: Residents,
): Map<number, Use[]> {
  const uses = new Map<number, Use[]>();
  const stretch = (t: Tensor) => {
    const { slot, offset } = places.get(t)!;
    return { slot, from: offset, to: offset + bufferBytes(t, halves) };
  };
  const use = (slot: number, use: Use) => {
    const known = uses.get(slot);
    if (known) known.push(use);
    else uses.set(slot, [use]);
  };
  const last = lastUses(steps);
  const end = (t: Tensor) => pinned.has(t) ? steps.length : last.get(t) ?? -1;

  steps.forEach((step, i) => {
    const stores = written(step);
    for (const t of stores) {
      const { slot, from, to } = stretch(t);
      const pack = owners.get(t)?.pack;
      use(slot, { from, to, first: i, last: Math.max(i, end(t), pack ? end(pack) : -1) });
    }
    // A binding covers all between the first and the last of what a dispatch sees in a slot.
    const all = [...step.reads, ...stores, ...step.clears ? [step.clears] : []];
    const seen = Map.groupBy(all.map(stretch), (s) => s.slot);
    for (const [slot, stretches] of seen) {
      if (stretches.length === 1) continue;
      const from = Math.min(...stretches.map((s) => s.from));
      const to = Math.max(...stretches.map((s) => s.to));
      use(slot, { from, to, first: i, last: i });
    }
  });
  // What no part of a pack covers has to be zero when it is read: cleared before, or never touched.
  for (const pack of fixed.filter((t) => packOffsets(t))) {
    const { slot, from: start } = stretch(pack);
    const cleared = steps.findIndex((s) => s.clears === pack);
    const [first, last] = cleared < 0 ? [0, steps.length] : [cleared, end(pack)];
    for (const { from, to } of gapsOf(pack, owners)) {
      use(slot, { from: start + from * 16, to: start + to * 16, first, last });
    }
  }
  return uses;
}

/** The index of the last step that reads each tensor. */
function lastUses(steps: readonly Step[]): Map<Tensor, number> {
  const last = new Map<Tensor, number>();
  steps.forEach(({ reads }, i) => reads.forEach((t) => last.set(t, i)));
  return last;
}
