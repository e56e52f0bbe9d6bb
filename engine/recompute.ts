/**
 * Recomputation: activations that the backward pass computes again instead of finding them kept. Graph →
 * graph; where they are stored is the compiler's business. Chen et al. 2016, arXiv:1604.06174.
 */

import { inCreationOrder, Tensor, topological } from "./graph.ts";
import { after } from "./ops/layout.ts";
import { rows } from "./shape.ts";

/** A run of the forward pass, from where the one before it ends. */
export interface Segment {
  /** For listings. */
  readonly name: string;
  /** What it ends with. */
  readonly output: Tensor;
  /** The gradient of the loss by `output`; without one nothing is computed again. */
  readonly gradient: Tensor | undefined;
}

/** A forward pass in segments, and what comes after the last of them up to the loss. */
export interface Segments {
  readonly loss: Tensor;
  /** What the first segment begins with. */
  readonly images: Tensor;
  /** First to last. */
  readonly segments: readonly Segment[];
}

/**
 * `gradients`, which are made of values of the forward pass, made of the same values computed again: those
 * within a segment, from where it begins, once the gradient by its output is there. What is small stays
 * kept: batch statistics, pooled values, everything with fewer rows than what the segment ends with.
 */
export function recompute(gradients: readonly Tensor[], forward: Segments): Tensor[] {
  const { segments } = forward;
  const within = divide(forward);
  const replaced = new Map<Tensor, Tensor>();
  const again = segments.map(() => new Map<Tensor, Tensor>());

  /** A forward value for the backward pass of segment `i`. */
  const compute = (t: Tensor, i: number): Tensor => {
    if (!within.moves(t)) return t;
    const known = again[i]!.get(t);
    if (known) return known;
    const { name, gradient } = segments[i]!;
    const copy = within.segment(t) === i
      ? withOperands(t, t.operands.map((x) => compute(x, i)))
      : after(t, replaced.get(gradient!) ?? gradient!);
    copy.label = `${t.label || name}, again`;
    again[i]!.set(t, copy);
    return copy;
  };

  for (const t of inCreationOrder(topological(gradients, (t) => t.operands))) {
    if (within.forward(t)) continue;
    const operands = t.operands.map((x) => {
      const i = within.segment(x);
      return i === undefined ? replaced.get(x) ?? x : compute(x, i);
    });
    const same = operands.every((x, i) => x === t.operands[i]);
    replaced.set(t, same ? t : withOperands(t, operands));
  }
  return gradients.map((t) => replaced.get(t) ?? t);
}

function withOperands(t: Tensor, operands: readonly Tensor[]): Tensor {
  const copy = new Tensor(t.op, operands, t.shape, t.attrs);
  copy.label = t.label;
  return copy;
}

/** Which values of the forward pass are computed again, and in which segment. */
function divide({ loss, images, segments }: Segments) {
  const order = topological([loss]);
  const forward = new Set(order);
  const moving = new Set([keptFor(images)]); // what another batch would change
  for (const t of order) if (t.inputs.some((x) => moving.has(x))) moving.add(t);

  const home = new Map<Tensor, number>();
  const ends = segments.map(({ output }) => keptFor(output));
  ends.forEach((end, i) => {
    for (const t of topological([end], (t) => t.inputs.filter((x) => !home.has(x)))) {
      if (!home.has(t)) home.set(t, i);
    }
  });

  const inner = new Map<Tensor, number>();
  for (const [t, i] of home) {
    const small = rows(t.shape) < rows(ends[i]!.shape);
    if (segments[i]!.gradient && moving.has(t) && t.inputs.length && !small) inner.set(t, i);
  }
  for (const end of ends) inner.delete(end);
  for (const t of order) {
    for (const x of t.inputs) if (home.get(x) !== home.get(t)) inner.delete(x);
  }
  return {
    forward: (t: Tensor) => forward.has(t),
    moves: (t: Tensor) => moving.has(t),
    segment: (t: Tensor) => inner.get(t),
  };
}

/** What `t` is made of by pointwise ops of it and of small values: kept in its place, it saves a store. */
function keptFor(t: Tensor): Tensor {
  while (t.op.pointwise) {
    const large = t.operands.filter((x) => rows(x.shape) >= rows(t.shape));
    if (large.length !== 1) break;
    t = large[0]!;
  }
  return t;
}
