/**
 * Loss scaling: the loss is multiplied before it is differentiated, so that gradients kept as halves are not
 * too small for them; a step whose gradients are too large is left out. Micikevicius et al. 2018,
 * arXiv:1710.03740; the rules of `torch.amp.GradScaler`.
 */

import { input, type Tensor } from "../engine/graph.ts";
import { clamp, where } from "../engine/ops/compare.ts";
import { inverseBeside } from "../engine/ops/overflow.ts";
import { add, full, mul, positive, sub } from "../engine/ops/pointwise.ts";
import { fromFloats, toFloats, type Weight } from "../models/safetensors.ts";
import { overflowOf } from "./guard.ts";

/** States of a step that scales its loss, all scalars. */
export interface LossScale {
  /** What the loss is multiplied by. A power of two, so that no bit of a gradient changes by it. */
  readonly factor: Tensor;
  /** Steps taken since it changed. */
  readonly taken: Tensor;
}

/** What a run begins with, PyTorch's default. */
export const FIRST_FACTOR = 2 ** 16;

/** The name of a scale among the states of an optimizer: [2], the factor and the steps since it changed. */
export const SCALE_ENTRY = "loss_scale";

/** Steps after which the factor is doubled, PyTorch's default. */
const INTERVAL = 2000;

/** The factor is at least this: a gradient that is too large all the same is no matter of scale. */
export const LEAST_FACTOR = 1;

/** And at most this: gradients that vanish would double it for ever. */
const MOST_FACTOR = 2 ** 24;

/** The states of a step that scales its loss. */
export function captureScale(): LossScale {
  return {
    factor: input("loss scale", []),
    taken: input("steps at this loss scale", []),
  };
}

/** A gradient of a loss times `factor` as that of the loss, and how many of its numbers are not finite. */
export function unscaled(
  gradient: Tensor,
  factor: Tensor,
): { readonly gradient: Tensor; readonly overflow: Tensor } {
  const { inverse, count } = inverseBeside(overflowOf(gradient), factor);
  return { gradient: mul(gradient, inverse), overflow: count };
}

/** What a step does to the scale: half as much after an overflow, twice as much after a while without. */
export function nextScale(
  { factor, taken }: LossScale,
  overflow: Tensor,
): Map<Tensor, Tensor> {
  const number = (value: number) => full(value, []);
  const more = add(taken, number(1));
  const due = positive(add(more, number(0.5 - INTERVAL)));
  const kept = where(due, mul(factor, number(2)), factor);
  return new Map([
    [factor, clamp(where(overflow, mul(factor, number(0.5)), kept), LEAST_FACTOR, MOST_FACTOR)],
    [taken, where(add(overflow, due), number(0), more)],
  ]);
}

/** Not 0 where the scale cannot be made any less, so that an overflow is no matter of scale. */
export function leastScale({ factor }: LossScale): Tensor {
  return positive(sub(full(LEAST_FACTOR + 0.5, []), factor));
}

/** The entry of a scale. */
export function encodeScale(factor: number, taken: number): Weight {
  return fromFloats([2], Float32Array.of(factor, taken));
}

/** The reverse. Throws RangeError where `states` have no such entry. */
export function decodeScale(
  states: ReadonlyMap<string, Weight>,
): { readonly factor: number; readonly taken: number } {
  const entry = states.get(SCALE_ENTRY);
  if (entry?.dtype !== "F32" || entry.shape.join() !== "2") {
    const found = entry ? `${entry.dtype} [${entry.shape}]` : "missing";
    throw new RangeError(`Cannot use the states: ${SCALE_ENTRY} is ${found}, F32 [2] was needed`);
  }
  const [factor, taken] = toFloats(entry);
  return { factor: factor!, taken: taken! };
}
