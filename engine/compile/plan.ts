/** The plan: which dispatches run in which order, and which buffer holds what. No text, no GPU. */

import { constantValues, inCreationOrder, isInput, type Tensor, topological } from "../graph.ts";
import { packOffsets } from "../ops/layout.ts";
import { broadcastTo } from "../ops/pointwise.ts";
import { quads, type Shape } from "../shape.ts";
import { chooseStored, leaves, storage } from "./fuse.ts";
import { type Buffer, type CompileOptions, DEFAULT_THREADS, type Location } from "./program.ts";
import { allocate } from "./slots.ts";
import { inPlace } from "./updates.ts";

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
  /** Invocations that keep the device busy. */
  readonly threads: number;
}

/** Plans `outputs` and `updates` (state → its next value), both simplified. */
export function plan(
  outputs: readonly Tensor[],
  updates: ReadonlyMap<Tensor, Tensor>,
  options: CompileOptions,
): Plan {
  const roots = new Set([...outputs.map((t) => storage(t).base), ...updates.values()]);
  const order = inCreationOrder(
    topological([...outputs, ...updates.values()], (t) => t.operands),
  );
  const stored = chooseStored(order, roots, options);
  const { owners, copies } = placeParts(order, stored, roots);
  const maxBuffers = options.maxBuffers ?? 8;
  const { steps, targets } = schedule(order, stored, updates, copies, maxBuffers);
  const pinned = new Set(outputs.map((t) => storage(t).base));
  const fixed = [...order.filter((t) => isInput(t) || packOffsets(t)), ...updates.keys()];
  const constants = order.filter((t) => constantValues(t) && stored.has(t));
  const memory = allocate(steps, { stored, owners, targets, pinned, fixed, constants }, options);
  return { steps, stored, threads: options.threads ?? DEFAULT_THREADS, ...memory };
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

/**
 * Everything in the order of the graph, then the updates in place, then those that need a copy. A state
 * that another one takes over is copied first: it may be replaced before.
 */
function schedule(
  order: readonly Tensor[],
  stored: Set<Tensor>,
  updates: ReadonlyMap<Tensor, Tensor>,
  copies: ReadonlyMap<Tensor, Tensor[]>,
  maxBuffers: number,
): { steps: Step[]; targets: Map<Tensor, Tensor> } {
  const groups = inPlace({ updates, order, stored, maxBuffers });
  const late = new Set(groups.flat());
  const targets = new Map<Tensor, Tensor>(); // what is computed into the memory of which state
  const steps: Step[] = [];
  const copy = (x: Tensor, shape: Shape) => {
    const y = broadcastTo(x, shape);
    stored.add(y);
    steps.push({ stores: [y] });
    return y;
  };
  for (const t of order) {
    for (const copy of copies.get(t) ?? []) steps.push({ stores: [copy] });
    const fixed = isInput(t) || packOffsets(t) || constantValues(t);
    if (stored.has(t) && !fixed && !late.has(t)) steps.push({ stores: [t] });
  }
  const values = new Map(
    [...updates].map((
      [state, value],
    ) => [state, updates.has(storage(value).base) ? copy(value, value.shape) : value]),
  );
  steps.push(...groups.map((stores) => ({ stores })));
  for (const [state, value] of values) {
    targets.set(late.has(value) ? value : copy(value, state.shape), state);
  }
  return { steps, targets };
}
