/** A memory that knows which tensor each stretch of each buffer holds: finds plans that read what is gone. */

import { strict as assert } from "node:assert";
import { storage } from "../../engine/compile/fuse.ts";
import { type Plan, plan } from "../../engine/compile/plan.ts";
import type { CompileOptions } from "../../engine/compile/program.ts";
import { simplify } from "../../engine/compile/simplify.ts";
import { bufferBytes } from "../../engine/compile/formats.ts";
import { type Step, written } from "../../engine/compile/steps.ts";
import { constantValues, isInput, type Tensor } from "../../engine/graph.ts";
import { packOffsets } from "../../engine/ops/layout.ts";
import { storedBytes } from "../../engine/shape.ts";

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly holds: Tensor;
}

/** Where each stored tensor is, and what is there. */
class Contents {
  readonly #buffers = new Map<number, Stretch[]>();

  constructor(readonly plan: Plan) {}

  write(t: Tensor): void {
    const { buffer, from, to } = this.place(t);
    const others = (this.#buffers.get(buffer) ?? []).filter((s) => s.to <= from || s.from >= to);
    this.#buffers.set(buffer, [...others, { from, to, holds: t }]);
    assert.ok(to <= this.plan.buffers[buffer]!.size, `${t} ends behind its buffer`);
  }

  place(t: Tensor) {
    const place = this.plan.places.get(t);
    assert.ok(place, `${t} has no place`);
    return {
      buffer: place.buffer,
      from: place.offset,
      to: place.offset + bufferBytes(t, this.plan.halves),
    };
  }

  /** Asserts that `t` is where the plan says. */
  read(t: Tensor, reader: string): void {
    const { buffer, from, to } = this.place(t);
    const there = this.#buffers.get(buffer) ?? [];
    const offsets = packOffsets(t);
    if (offsets) {
      t.inputs.forEach((part, i) => {
        const at = from + offsets[i]! * 16;
        const end = at + storedBytes(part.shape);
        const found = there.find((s) => s.from === at && s.to === end)?.holds;
        const same = found && (found === storage(part).base || found.inputs[0] === part);
        assert.ok(same, `${reader} reads part ${i} of ${t}, there is ${found}`);
      });
      return;
    }
    const found = there.find((s) => s.from === from && s.to === to)?.holds;
    assert.ok(found === t, `${reader} reads ${t}, there is ${found}`);
  }
}

/** Asserts that a step reads no stretch that it writes, other than states where they are replaced. */
function checkApart(step: Step, contents: Contents, states: ReadonlySet<Tensor>): void {
  const places = written(step).map((t) => contents.place(t));
  for (const [i, a] of places.entries()) {
    for (const b of places.slice(0, i)) {
      assert.ok(a.buffer !== b.buffer || a.to <= b.from || b.to <= a.from, "two stores overlap");
    }
  }
  for (const x of step.reads) {
    const { buffer, from, to } = contents.place(x);
    const hit = places.find((w) => w.buffer === buffer && w.from < to && w.to > from);
    const inPlace = states.has(x) && hit?.from === from && hit.to === to;
    assert.ok(
      !hit || inPlace,
      `${written(step)[0]} is written over ${x}, which it reads`,
    );
  }
}

/**
 * Plans `outputs` and `updates` and follows the steps through memory. Asserts that every value read is
 * there, that outputs and the next states are there at the end, and that bindings stay within the limit.
 */
export function simulate(
  outputs: readonly Tensor[],
  updates: ReadonlyMap<Tensor, Tensor> = new Map(),
  options: CompileOptions = {},
): Plan {
  const simple = simplify([...outputs, ...updates.values()]);
  const next = new Map([...updates].map(([state, value]) => [state, simple.get(value)!]));
  const ends = outputs.map((t) => simple.get(t)!);
  const planned = plan(ends, next, options);
  const contents = new Contents(planned);
  const states = new Set(updates.keys());
  for (const t of planned.places.keys()) if (isInput(t) || constantValues(t)) contents.write(t);
  for (const step of planned.steps) {
    const stores = written(step);
    for (const x of step.reads) contents.read(x, String(stores[0]));
    checkApart(step, contents, states);
    const buffers = new Set([...step.reads, ...stores].map((t) => contents.place(t).buffer));
    assert.ok(buffers.size <= (options.maxBuffers ?? 8), `${buffers.size} buffers`);
    stores.forEach((t) => contents.write(t));
  }
  for (const t of ends) {
    const { base } = storage(t);
    if (!states.has(base)) contents.read(base, "the caller");
  }
  // The last value written over a state is the next one, or a copy of it.
  const last = new Map(
    planned.steps.flatMap(written).map((t) => [planned.places.get(t)!, t]),
  );
  for (const [state, value] of next) {
    let found = last.get(planned.places.get(state)!);
    while (found && found !== value && found.op.name === "copy") found = found.inputs[0];
    assert.ok(found === value, `${state} becomes ${found}`);
  }
  return planned;
}
