/** The compiler: graph → simplify → slice → fuse → plan → emit → share → `Program`. Knows no GPU. */

import { emit } from "./emit.ts";
import { storage } from "./fuse.ts";
import { memoryOf } from "./memory.ts";
import { locationOf, plan } from "./plan.ts";
import type { CompileOptions, Goal, Location, Program } from "./program.ts";
import { shareTexts } from "./share.ts";
import { simplify } from "./simplify.ts";
import { sliceBatch } from "./slice.ts";
import { isInput, type Tensor, topological } from "../graph.ts";

/**
 * Compiles `goal` into a program for a device with the limits of `options`.
 * Throws MemoryError where a tensor is larger than the device can bind, and names it.
 */
export function compile(goal: Goal, options: CompileOptions = {}): Program {
  const updates = goal.updates ?? new Map<Tensor, Tensor>();
  const ends = goal.forward ?? [];
  const roots = [...goal.outputs, ...updates.values(), ...ends];
  const simple = simplify(roots);
  const sliced = sliceBatch([...new Set(roots.map((t) => simple.get(t)!))], options);
  const final = (t: Tensor) => sliced.get(simple.get(t)!)!;
  const planned = plan(
    goal.outputs.map(final),
    new Map([...updates].map(([state, value]) => [state, final(value)])),
    options,
  );
  const locations = new Map<Tensor, Location>();
  for (const t of planned.places.keys()) if (isInput(t)) locations.set(t, locationOf(t, planned));
  const outputs = goal.outputs.map((t) => storage(final(t)));
  outputs.forEach(({ base, offset }, i) => {
    const place = locationOf(base, planned);
    locations.set(goal.outputs[i]!, { ...place, offset: place.offset + offset * 16 });
  });
  const forward = new Set(topological(ends.map(final), (t) => t.operands));
  const dispatches = planned.steps.map((step) => emit(step, planned));
  return {
    dispatches: options.share ?? options.loadBound ? shareTexts(dispatches) : dispatches,
    buffers: planned.buffers,
    locations,
    memory: memoryOf(planned, { outputs: outputs.map(({ base }) => base), forward }),
  };
}
