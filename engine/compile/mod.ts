/** The compiler: graph → simplify → slice → fuse → plan → emit → share → `Program`. Knows no GPU. */

import { emit } from "./emit.ts";
import { storage } from "./fuse.ts";
import { memoryOf } from "./memory.ts";
import { locationOf, type Plan, plan } from "./plan.ts";
import type { CompileOptions, Dispatch, Goal, Location, Pause, Program } from "./program.ts";
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
  const dispatches: Dispatch[] = [];
  const pauses: Pause[] = [];
  for (const step of planned.steps) {
    const [value] = step.values;
    if (value?.op.across) pauses.push(pauseAt(dispatches.length, value, planned));
    else dispatches.push(emit(step, planned));
  }
  return {
    dispatches: options.share ?? options.loadBound ? shareTexts(dispatches) : dispatches,
    pauses,
    buffers: planned.buffers,
    locations,
    memory: memoryOf(planned, { outputs: outputs.map(({ base }) => base), forward }),
  };
}

/** The pause after so many dispatches in which `value` is put together. */
function pauseAt(after: number, value: Tensor, planned: Plan): Pause {
  const { base, offset } = storage(value.operands[0]!);
  const own = locationOf(base, planned);
  const from = { ...own, offset: own.offset + offset * 16 };
  return { after, value, from, to: locationOf(value, planned) };
}
