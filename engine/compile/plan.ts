/** The plan: which dispatches run in which order, and which buffer holds what. No text, no GPU. */

import { constantValues, isInput, type Tensor, topological } from "../graph.ts";
import { packOffsets } from "../ops/layout.ts";
import { broadcastTo } from "../ops/pointwise.ts";
import { quads, sameShape } from "../shape.ts";
import { chooseStored, leaves, storage } from "./fuse.ts";
import type { Buffer, CompileOptions, Location } from "./program.ts";
import { allocate } from "./slots.ts";

/** One dispatch to emit: it computes `stores` together, which have the same shape where there are several. */
export interface Step {
  readonly stores: readonly Tensor[];
}

/** What `emit` needs to know. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly stored: ReadonlySet<Tensor>;
  /** Where each stored tensor is. */
  readonly places: ReadonlyMap<Tensor, Location>;
  readonly buffers: readonly Buffer[];
}

/** Plans `outputs` and `updates` (state → its next value), both simplified. */
export function plan(
  outputs: readonly Tensor[],
  updates: ReadonlyMap<Tensor, Tensor>,
  options: CompileOptions,
): Plan {
  const roots = new Set([...outputs.map((t) => storage(t).base), ...updates.values()]);
  const order = topological([...outputs, ...updates.values()], (t) => t.operands);
  const stored = chooseStored(order, roots, options);
  const { owners, copies } = placeParts(order, stored, roots);
  const { steps, targets } = schedule(order, stored, updates, copies);
  const pinned = new Set(outputs.map((t) => storage(t).base));
  const fixed = [...order.filter((t) => isInput(t) || packOffsets(t)), ...updates.keys()];
  const constants = order.filter((t) => constantValues(t) && stored.has(t));
  const memory = allocate(steps, { stored, owners, targets, pinned, fixed, constants }, options);
  return { steps, stored, ...memory };
}

/** Where in a pack's buffer a tensor is computed: the offset in quads. */
export type Owners = Map<Tensor, { readonly pack: Tensor; readonly offset: number }>;

/**
 * Has the parts of packs computed in place. A part that cannot be (it has a place already, or its
 * kernel reads another part of the same buffer, which WebGPU forbids) is copied.
 */
function placeParts(
  order: readonly Tensor[],
  stored: Set<Tensor>,
  roots: ReadonlySet<Tensor>,
): { owners: Owners; copies: Map<Tensor, Tensor[]> } {
  const owners: Owners = new Map();
  const copies = new Map<Tensor, Tensor[]>();
  for (const pack of order) {
    const offsets = packOffsets(pack);
    if (!offsets) continue;
    const claimed = new Set<Tensor>();
    pack.inputs.forEach((part, i) => {
      const { base, offset } = storage(part);
      const place = { pack, offset: offsets[i]! };
      const free = stored.has(base) && !isInput(base) && !constantValues(base) &&
        !roots.has(base) &&
        !owners.has(base) && offset === 0 && quads(base.shape) === quads(part.shape) &&
        ![...leaves(base, stored)].some((t) => claimed.has(t));
      if (free) {
        owners.set(base, place);
        claimed.add(base);
      } else {
        const copy = broadcastTo(part, part.shape);
        stored.add(copy);
        owners.set(copy, place);
        copies.set(pack, [...copies.get(pack) ?? [], copy]);
      }
    });
  }
  return { owners, copies };
}

/** Everything in the order of the graph, then the updates in place, then those that need a copy. */
function schedule(
  order: readonly Tensor[],
  stored: Set<Tensor>,
  updates: ReadonlyMap<Tensor, Tensor>,
  copies: ReadonlyMap<Tensor, Tensor[]>,
): { steps: Step[]; targets: Map<Tensor, Tensor> } {
  const groups = inPlace(order, stored, updates);
  const late = new Set(groups.flat());
  const targets = new Map<Tensor, Tensor>(); // what is computed into the memory of which state
  const steps: Step[] = [];
  for (const t of order) {
    for (const copy of copies.get(t) ?? []) steps.push({ stores: [copy] });
    const fixed = isInput(t) || packOffsets(t) || constantValues(t);
    if (stored.has(t) && !fixed && !late.has(t)) steps.push({ stores: [t] });
  }
  steps.push(...groups.map((stores) => ({ stores })));
  for (const [state, value] of updates) {
    const next = late.has(value) ? value : broadcastTo(value, state.shape);
    targets.set(next, state);
    if (next === value) continue;
    stored.add(next);
    steps.push({ stores: [next] });
  }
  return { steps, targets };
}

/**
 * The updates that may be written over the state they replace, in groups of one dispatch each:
 * pointwise, of the state's shape, read by nothing outside the group, and reading no state that
 * another group replaces.
 */
function inPlace(
  order: readonly Tensor[],
  stored: ReadonlySet<Tensor>,
  updates: ReadonlyMap<Tensor, Tensor>,
): Tensor[][] {
  const groups = new Map<string, Tensor[]>();
  for (const [state, value] of updates) {
    if (!value.op.pointwise || !sameShape(state.shape, value.shape)) continue;
    const key = value.shape.join();
    groups.set(key, [...groups.get(key) ?? [], value]);
  }
  const readers = new Map<Tensor, Tensor[]>();
  for (const t of order) {
    if (!stored.has(t)) continue;
    for (const x of leaves(t, stored)) readers.set(x, [...readers.get(x) ?? [], t]);
  }
  const groupOf = new Map([...groups].flatMap(([key, ts]) => ts.map((t) => [t, key] as const)));
  for (const [key, values] of groups) {
    const alone = values.every((value) => {
      const read = [...leaves(value, stored)];
      const apart = read.every((x) => {
        const next = updates.get(x);
        return !next || groupOf.get(next) === key && sameShape(x.shape, value.shape);
      });
      return apart && (readers.get(value) ?? []).every((t) => groupOf.get(t) === key);
    });
    if (!alone) groups.delete(key);
  }
  return [...groups.values()];
}
