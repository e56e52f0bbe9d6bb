/** A memory that knows which tensor each stretch of each buffer holds: finds plans that read what is gone. */

import { strict as assert } from "node:assert";
import { storage } from "../../engine/compile/fuse.ts";
import { gapsOf } from "../../engine/compile/gather.ts";
import { locationOf, type Plan, plan } from "../../engine/compile/plan.ts";
import type { CompileOptions } from "../../engine/compile/program.ts";
import { simplify } from "../../engine/compile/simplify.ts";
import { bufferBytes } from "../../engine/compile/formats.ts";
import { sliceBatch } from "../../engine/compile/slice.ts";
import { type Step, written } from "../../engine/compile/steps.ts";
import { Views } from "../../engine/compile/views.ts";
import { constantValues, isInput, type Tensor } from "../../engine/graph.ts";
import { packOffsets } from "../../engine/ops/layout.ts";
import { storedBytes } from "../../engine/shape.ts";

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly holds: Tensor;
}

/** A stretch of a buffer, in bytes. */
interface Located {
  readonly buffer: number;
  readonly from: number;
  readonly to: number;
}

/** Where each stored tensor is, and what is there. */
class Contents {
  readonly #buffers = new Map<number, Stretch[]>();

  constructor(readonly plan: Plan) {}

  write(t: Tensor): void {
    this.#fill(t, this.place(t));
  }

  /** Sets to zero what no part of a pack covers. */
  clear(pack: Tensor): void {
    for (const gap of this.#gaps(pack)) this.#fill(pack, gap);
  }

  #gaps(pack: Tensor) {
    const { buffer, from } = this.place(pack);
    return gapsOf(pack, this.plan.owners).map((gap) => ({
      ...{ buffer, from: from + gap.from * 16, to: from + gap.to * 16 },
    }));
  }

  #fill(t: Tensor, { buffer, from, to }: Located): void {
    const others = (this.#buffers.get(buffer) ?? []).filter((s) => s.to <= from || s.from >= to);
    this.#buffers.set(buffer, [...others, { from, to, holds: t }]);
    assert.ok(to <= this.plan.buffers[buffer]!.size, `${t} ends behind its buffer`);
  }

  place(t: Tensor): Located {
    assert.ok(this.plan.places.has(t), `${t} has no place`);
    const { buffer, offset } = locationOf(t, this.plan);
    return { buffer, from: offset, to: offset + bufferBytes(t, this.plan.halves) };
  }

  /** Asserts that what no part of a pack covers is zero. */
  readGaps(pack: Tensor, reader: string): void {
    for (const { buffer, from, to } of this.#gaps(pack)) {
      const found = (this.#buffers.get(buffer) ?? []).find((s) => s.from === from && s.to === to);
      assert.ok(
        found?.holds === pack,
        `${reader} reads a gap of ${pack}, there is ${found?.holds}`,
      );
    }
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
      this.readGaps(t, reader);
      return;
    }
    const found = there.find((s) => s.from === from && s.to === to)?.holds;
    assert.ok(found === t, `${reader} reads ${t}, there is ${found}`);
  }
}

/** Asserts that no writable binding of a step overlaps another, and that there are no more than may be. */
function checkBindings(step: Step, plan: Plan): void {
  const { bindings } = new Views(step, plan);
  assert.ok(bindings.length <= (plan.options.maxBuffers ?? 8), `${bindings.length} bindings`);
  for (const [i, a] of bindings.entries()) {
    assert.ok(a.offset % 256 === 0 && a.offset + a.size <= plan.buffers[a.buffer]!.size);
    for (const b of bindings.slice(0, i).filter((b) => b.buffer === a.buffer)) {
      const apart = a.offset + a.size <= b.offset || b.offset + b.size <= a.offset;
      assert.ok(apart || !a.writable, "two bindings overlap");
      assert.equal(a.writable, b.writable, "a buffer is bound for reading and for writing");
    }
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
  const roots = [...outputs, ...updates.values()];
  const simple = simplify(roots);
  const sliced = sliceBatch(roots.map((t) => simple.get(t)!), options);
  const final = (t: Tensor) => sliced.get(simple.get(t)!)!;
  const next = new Map([...updates].map(([state, value]) => [state, final(value)]));
  const ends = outputs.map(final);
  const planned = plan(ends, next, options);
  const contents = new Contents(planned);
  const states = new Set(updates.keys());
  for (const t of planned.places.keys()) if (isInput(t) || constantValues(t)) contents.write(t);
  const packs = [...planned.places.keys()].filter((t) => packOffsets(t));
  const untouched = packs.filter((t) => !planned.steps.some((step) => step.clears === t));
  untouched.forEach((t) => contents.clear(t));
  for (const step of planned.steps) {
    const stores = written(step);
    for (const x of step.reads) contents.read(x, String(stores[0]));
    checkApart(step, contents, states);
    checkBindings(step, planned);
    stores.forEach((t) => contents.write(t));
    if (step.clears) contents.clear(step.clears);
  }
  untouched.forEach((t) => contents.readGaps(t, "the next run"));
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
