/** The plan: which dispatches run in which order, and which buffer holds what. No text, no GPU. */

import { constantValues, inCreationOrder, isInput, type Tensor, topological } from "../graph.ts";
import { packOffsets } from "../ops/layout.ts";
import { broadcastTo } from "../ops/pointwise.ts";
import { quads, type Shape } from "../shape.ts";
import { bufferBytes, chooseHalves } from "./formats.ts";
import { chooseStored, isSmall, leaves, storage } from "./fuse.ts";
import { type Grouping, groupSteps } from "./group.ts";
import { Homes } from "./homes.ts";
import { type Gathered, gatherSums, jobTable } from "./gather.ts";
import { allowedBy, type Buffer, type CompileOptions, fuses, type Location } from "./program.ts";
import { allocate, type Place, type Slot } from "./slots.ts";
import { isParts, plainStep, type Step, written } from "./steps.ts";
import { inPlace } from "./updates.ts";

/** What `emit` needs to know. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly stored: ReadonlySet<Tensor>;
  /** Those of them that are kept as halves. */
  readonly halves: ReadonlySet<Tensor>;
  /** Where each stored tensor is. */
  readonly places: ReadonlyMap<Tensor, Place>;
  readonly slots: readonly Slot[];
  readonly buffers: readonly Buffer[];
  readonly options: CompileOptions;
  /** Parts that are computed inside a pack. */
  readonly owners: Owners;
  /** What the workgroups of steps that gather sums do. */
  readonly tables: ReadonlyMap<Step, Tensor>;
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
  const pinned = new Set(outputs.map((t) => storage(t).base));
  // Parts of sums lie side by side in buffers of their own.
  const parts = new Set(
    order.filter((t) => t.op.stretches?.(t)).map((t) => storage(t.operands[0]!).base),
  );
  const homes = new Homes(
    allowedBy(options).maxBuffers,
    (t) => owners.get(t)?.pack ?? t,
    (t) => isSmall(t) && !roots.has(t) && !isParts(t) && !parts.has(t),
  );
  const kept = (t: Tensor) => roots.has(t) || owners.has(t);
  const { steps, targets, waiting } = schedule(order, updates, { copies, owners }, {
    ...{ stored, kept, homes, options },
  });
  const fixed = [...order.filter((t) => isInput(t) || packOffsets(t)), ...updates.keys()];
  const constants = order.filter((t) => constantValues(t) && stored.has(t));
  const shared = homes.shared();
  // What leaves the program, adds up weights or lies beside other values stays as it was computed.
  const whole = new Set([...roots, ...targets.keys(), ...owners.keys(), ...parts]);
  for (const values of shared.values()) for (const t of values) whole.add(t);
  const halves = options.precision === "f16"
    ? chooseHalves(steps.flatMap(written), whole)
    : new Set<Tensor>();
  const residents = { owners, targets, pinned, fixed, constants, shared, waiting, halves };
  const { places, slots, buffers } = allocate(steps, residents, options);
  const tables = new Map<Step, Tensor>();
  for (const step of steps) {
    if (!step.gathers) continue;
    const table = jobTable(step, owners, places);
    tables.set(step, table);
    const buffer = buffers.push({ size: bufferBytes(table), holds: table }) - 1;
    places.set(table, { slot: slots.push({ buffer, offset: 0 }) - 1, offset: 0 });
  }
  return { steps, stored, halves, options, places, slots, buffers, owners, tables };
}

/** Where `t` is among the buffers of a plan. */
export function locationOf(t: Tensor, { places, slots }: Pick<Plan, "places" | "slots">): Location {
  const { slot, offset } = places.get(t)!;
  return { buffer: slots[slot]!.buffer, offset: slots[slot]!.offset + offset };
}

/** Where in a pack's buffer a tensor is computed: the offset in quads. */
export type Owners = Map<Tensor, { readonly pack: Tensor; readonly offset: number }>;

/** The parts of packs. */
interface Parts {
  readonly owners: Owners;
  /** Copies of those that have a place already, by pack. */
  readonly copies: ReadonlyMap<Tensor, Tensor[]>;
}

/**
 * Has the parts of packs computed in place. A part that cannot be (it has a place already, or its
 * kernel reads another part of the same buffer, which WebGPU forbids) is copied.
 */
function placeParts(
  order: readonly Tensor[],
  stored: Set<Tensor>,
  roots: ReadonlySet<Tensor>,
): Parts {
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
  updates: ReadonlyMap<Tensor, Tensor>,
  { copies, owners }: Parts,
  grouping: Omit<Grouping, "values">,
): { steps: readonly Step[]; targets: Map<Tensor, Tensor>; waiting: Gathered["waiting"] } {
  const { stored, options, homes } = grouping;
  const groups = inPlace({ updates, order, stored, fits: (tensors) => homes.fit(tensors) });
  const late = new Set(groups.flat());
  const targets = new Map<Tensor, Tensor>(); // what is computed into the memory of which state
  const values: Tensor[] = [];
  for (const t of order) {
    values.push(...copies.get(t) ?? []);
    const fixed = isInput(t) || packOffsets(t) || constantValues(t);
    if (stored.has(t) && !fixed && !late.has(t)) values.push(t);
  }
  const readLate = new Set([...late].flatMap((t) => [...leaves(t, stored)]));
  const kept = (t: Tensor) => grouping.kept(t) || readLate.has(t);
  const steps = groupSteps({ ...grouping, values, kept });
  const copy = (x: Tensor, shape: Shape) => {
    const y = broadcastTo(x, shape);
    stored.add(y);
    steps.push(plainStep([y], stored));
    return y;
  };
  const next = new Map(
    [...updates].map((
      [state, value],
    ) => [state, updates.has(storage(value).base) ? copy(value, value.shape) : value]),
  );
  steps.push(...groups.map((values) => plainStep(values, stored)));
  for (const [state, value] of next) {
    targets.set(late.has(value) ? value : copy(value, state.shape), state);
  }
  if (!fuses(options, "gather")) return { steps, targets, waiting: [] };
  return { targets, ...gatherSums(steps, owners, allowedBy(options).maxBinding) };
}
