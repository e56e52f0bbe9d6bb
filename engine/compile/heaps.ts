/** Heaps: where in a few large buffers slots lie, so that no two meet while both are in use. Knows no tensors. */

/** A stretch of a slot, in bytes, that is in use from step `first` to step `last`. */
export interface Use {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly last: number;
}

/** What a slot needs before it has a place. */
export interface Claim {
  /** In bytes. */
  readonly size: number;
  /** When which of its stretches are in use; they may overlap. */
  readonly uses: readonly Use[];
}

/** Where slots lie. */
export interface Layout {
  /** By slot: which heap, and where in it, in bytes. */
  readonly places: readonly { readonly heap: number; readonly offset: number }[];
  /** Bytes of each heap. */
  readonly sizes: readonly number[];
}

/** What any device can bind begins at multiples of this many bytes. */
const ALIGNMENT = 256;

/** A layout that is so much larger than what is in use at once is not worth another try. */
const GOOD = 1.02;

/** Layouts tried after those of the fixed orders. */
const TRIES = 24;

/**
 * Places the slots of `claims` in heaps of at most `limit` bytes; a slot above the limit gets a heap of its
 * size. Each slot takes the tightest gap that is free while it is in use ("best fit" of Sekiyama et al. 2018,
 * arXiv:1804.10001); the order in which they choose is tried out: by extent in time and memory, by size, then
 * with the slot that ends highest earlier in the queue.
 */
export function layOut(claims: readonly Claim[], limit: number): Layout {
  const slots = claims.map((claim, index) => new Slot(claim, index));
  const bound = mostInUse(slots) * GOOD;
  const octave = (s: Slot) => Math.floor(Math.log2(s.size));
  let best: { queue: Slot[]; layout: Packed } | undefined;
  const attempt = (queue: Slot[]) => {
    const layout = pack(queue, limit);
    if (!best || layout.bytes < best.layout.bytes) best = { queue, layout };
    return layout;
  };
  for (
    const order of [
      (a: Slot, b: Slot) => b.extent - a.extent,
      (a: Slot, b: Slot) => b.size - a.size || b.extent - a.extent,
      (a: Slot, b: Slot) => octave(b) - octave(a) || b.extent - a.extent,
    ]
  ) attempt([...slots].sort(order));
  let { queue, layout } = best!;
  for (let i = 0; i < TRIES && best!.layout.bytes > bound; i++) {
    const at = queue.findIndex((s) => s.index === layout.highest);
    queue = [...queue];
    const [highest] = queue.splice(at, 1);
    queue.splice(Math.floor(at / 2), 0, highest!);
    layout = attempt(queue);
  }
  const { heaps } = best!.layout;
  const places = new Array<Layout["places"][number]>(slots.length);
  heaps.forEach(({ offsets }, heap) =>
    offsets.forEach((offset, index) => places[index] = { heap, offset })
  );
  return { places, sizes: heaps.map((heap) => heap.size) };
}

/** A slot with all sizes rounded up to what can be bound. */
class Slot {
  readonly size: number;
  /** No two of them at the same bytes and steps. */
  readonly uses: readonly Use[];
  /** Bytes times steps in use. */
  readonly extent: number;

  constructor({ size, uses }: Claim, readonly index: number) {
    this.size = up(size);
    const [only] = uses;
    this.uses = uses.length === 1
      ? [{ ...only!, from: 0, to: this.size }]
      : coarse(uses, this.size);
    this.extent = this.uses.reduce((n, u) => n + (u.to - u.from) * (u.last - u.first + 1), 0);
  }
}

function up(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Stretches into which the uses of a slot are divided at most, and bytes of one at least. */
const [STRETCHES, LEAST_BYTES] = [64, 2 ** 16];

/** The uses of a slot of `size` bytes, stretch by stretch: hundreds of small ones would cost more time than memory. */
function coarse(uses: readonly Use[], size: number): Use[] {
  const step = up(Math.max(LEAST_BYTES, size / STRETCHES));
  const found: Use[] = [];
  let below = new Map<string, number>(); // where in `found` the uses are that end here, by their steps
  for (let from = 0; from < size; from += step) {
    const to = Math.min(size, from + step);
    const here = new Map<string, number>();
    for (const span of spans(uses.filter((u) => u.from < to && u.to > from), from, to)) {
      const steps = `${span.first} ${span.last}`;
      const at = below.get(steps) ?? found.push(span) - 1;
      found[at] = { ...found[at]!, to };
      here.set(steps, at);
    }
    below = here;
  }
  return found;
}

/** When the stretch from `from` to `to` is in use. */
function spans(uses: readonly Use[], from: number, to: number): Use[] {
  const found: Use[] = [];
  for (const { first, last } of [...uses].sort((a, b) => a.first - b.first)) {
    const before = found.at(-1);
    if (before && first <= before.last + 1) {
      found[found.length - 1] = { ...before, last: Math.max(before.last, last) };
    } else found.push({ from, to, first, last });
  }
  return found;
}

/** The most bytes in use at one time. */
function mostInUse(slots: readonly Slot[]): number {
  const changes = new Map<number, number>();
  const change = (step: number, bytes: number) =>
    changes.set(step, (changes.get(step) ?? 0) + bytes);
  for (const { uses } of slots) {
    for (const { from, to, first, last } of uses) {
      change(first, to - from);
      change(last + 1, from - to);
    }
  }
  let [live, most] = [0, 0];
  for (const [, bytes] of [...changes].sort(([a], [b]) => a - b)) {
    most = Math.max(most, live += bytes);
  }
  return most;
}

interface Packed {
  readonly heaps: readonly Heap[];
  readonly bytes: number;
  /** The slot that ends highest in the largest heap. */
  readonly highest: number;
}

/** Places the slots of `queue` one after the other. */
function pack(queue: readonly Slot[], limit: number): Packed {
  const heaps: Heap[] = [];
  for (const slot of queue) {
    const found = heaps.map((heap) => ({ heap, offset: heap.tightest(slot) }))
      .filter(({ offset }) => offset + slot.size <= limit)
      .sort((a, b) => growth(a, slot) - growth(b, slot))[0];
    const { heap, offset } = found ?? { heap: new Heap(), offset: 0 };
    if (!found) heaps.push(heap);
    heap.place(slot, offset);
  }
  const largest = heaps.reduce((a, b) => b.size > a.size ? b : a, heaps[0] ?? new Heap());
  return {
    heaps,
    bytes: heaps.reduce((n, heap) => n + heap.size, 0),
    highest: largest.highest,
  };
}

function growth({ heap, offset }: { heap: Heap; offset: number }, slot: Slot): number {
  return Math.max(0, offset + slot.size - heap.size);
}

/** A heap while slots are placed in it. */
class Heap {
  size = 0;
  highest = -1;
  /** By slot. */
  readonly offsets = new Map<number, number>();
  /** Stretches in use, the lowest first. */
  readonly #placed: Use[] = [];

  /** The lowest offset in the smallest gap that takes `slot`; behind everything where none does. */
  tightest(slot: Slot): number {
    // Between `from` and `to` of each, the slot may not begin.
    const forbidden: { readonly from: number; readonly to: number }[] = [];
    for (const u of slot.uses) {
      for (const p of this.#placed) {
        if (p.first > u.last || u.first > p.last) continue;
        forbidden.push({ from: p.from - u.to, to: p.to - u.from });
      }
    }
    if (slot.uses.length > 1) forbidden.sort((a, b) => a.from - b.from); // else in order already
    let [end, best, slack] = [0, -1, Infinity];
    for (const { from, to } of forbidden) {
      if (from >= end && from - end < slack) {
        best = end;
        slack = from - end;
      }
      if (to > end) end = to;
    }
    return best < 0 ? end : best;
  }

  place(slot: Slot, offset: number): void {
    this.offsets.set(slot.index, offset);
    for (const { from, to, first, last } of slot.uses) {
      const use = { from: offset + from, to: offset + to, first, last };
      this.#placed.splice(this.#rank(use.from), 0, use);
    }
    const end = offset + slot.size;
    if (end > this.size) [this.size, this.highest] = [end, slot.index];
  }

  /** How many placed stretches begin at `from` or below. */
  #rank(from: number): number {
    let [low, high] = [0, this.#placed.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#placed[middle]!.from <= from) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
