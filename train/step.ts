/** The training step as graphs: a pass and an update in one program, or each in its own. No device. */

import type { Goal } from "../engine/compile/program.ts";
import { input, type Tensor } from "../engine/graph.ts";
import type { TeacherOptions } from "../engine/nn/distillation.ts";
import type { NamedLossOptions } from "../engine/nn/losses.ts";
import type { Capture, Model, Variables } from "../engine/nn/scope.ts";
import type { Arena } from "../engine/nn/variables.ts";
import { where } from "../engine/ops/compare.ts";
import { row } from "../engine/ops/layout.ts";
import { notFinite } from "../engine/ops/overflow.ts";
import { add, div, full } from "../engine/ops/pointwise.ts";
import type { Shape } from "../engine/shape.ts";
import { capturePass, type PassOptions } from "./pass.ts";
import { captureGuard, counted, type Guard, guarded, overflowAmong, overflowOf } from "./guard.ts";
import { captureScale, leastScale, type LossScale, nextScale } from "./scaling.ts";
import { captureUpdate, type UpdateOptions } from "./update.ts";

/** A step over fixed shapes: what to feed, what it computes, what it changes. */
export interface TrainingStep {
  /** [n, classes]: one-hot or probabilities. */
  readonly targets: Tensor;
  /**
   * [1 + k, 1]: the seed of the batch, then the scalars of the optimizer, and the share of the new weights in
   * their average where there is one.
   */
  readonly scalars: Tensor;
  /** States of the optimizer, each with the layout of the parameters. */
  readonly states: readonly Tensor[];
  /** Sums over the steps since they were last set to 0; of the loss, over those that were not left out. */
  readonly metrics: { readonly loss: Tensor; readonly correct: Tensor };
  /** Counts of steps that were left out, for they were not finite. */
  readonly guard: Guard;
  /** States of loss scaling, where a step does that. */
  readonly scale?: LossScale;
  /** Sums over the batches of a step that is not finished; none where a step is one batch. */
  readonly sums: readonly Tensor[];
  /** [n, classes], of the weights before the step. */
  readonly logits: Tensor;
  /** The mean over the batch, a scalar. */
  readonly loss: Tensor;
  /** All gradients, with the layout of the parameters; of a share of the loss where batches are added up. */
  readonly gradient: Tensor;
  /** What the layers computed, by name. */
  readonly capture: Capture;
  /** What the program of a batch replaces: each state and its next value. */
  readonly updates: NonNullable<Goal["updates"]>;
  /** The same of the program that follows the last batch of a step, where batches are added up. */
  readonly finish?: NonNullable<Goal["updates"]>;
}

/** How to take a step. */
export interface StepOptions extends NamedLossOptions, UpdateOptions {
  /** How many classes the logits tell apart. */
  readonly classes: number;
  /** As for a pass. */
  readonly teacher?: TeacherOptions | undefined;
  /** As for a pass. */
  readonly recompute?: boolean;
  /** As for a pass. */
  readonly ranks?: number;
  /** Whether the loss is scaled while it is differentiated, and steps that overflow left out. Default false. */
  readonly scaled?: boolean;
  /** Whether batches are added up until a second program, `finish`, takes the step. Default false. */
  readonly accumulate?: boolean;
}

/** Captures one step of `model` on `images` [n, h, w, 3], normalised. */
export function captureStep(
  model: Model,
  variables: Variables,
  images: Tensor,
  options: StepOptions,
): TrainingStep {
  const { optimizer: { scalars: count }, accumulate, average, scaled } = options;
  const scalars = input("scalars", [1 + count + (average ? 1 : 0), 1]);
  const numbers = Array.from({ length: count }, (_, i) => row(scalars, 1 + i));
  const share = average && row(scalars, 1 + count);
  const update = (gradient: Tensor, statistics: Tensor) =>
    captureUpdate(variables, { gradient, statistics, scalars: numbers, share }, options);
  const metrics = { loss: input("loss sum", []), correct: input("correct", []) };
  const guard = captureGuard();
  const scale = scaled ? captureScale() : undefined;
  const passOptions = { ...options, seed: row(scalars, 0), factor: scale?.factor };
  const inputs = { model, variables, images, metrics, guard, scale };
  if (accumulate) return { scalars, metrics, guard, ...divided(inputs, passOptions, update) };

  const pass = capturePass(model, variables, images, passOptions);
  const { targets, logits, loss, gradient, capture, correct, statistics } = pass;
  const { states, updates: changed } = update(gradient, statistics);
  const moments = firstMoments(variables, capture);
  if (moments.length) changed.set(variables.statistics.tensor, statistics);
  const seen = pass.overflow ? moments : [firstOf(gradient, variables.parameters), ...moments];
  const known = pass.overflow ?? full(0, []);
  const bad = add(add(known, overflowAmong(seen)), notFinite(loss));
  const updates = takenUpdates(changed, { bad, overflow: pass.overflow ?? bad, loss }, inputs);
  updates.set(metrics.correct, add(metrics.correct, correct));
  return {
    ...{ targets, scalars, states, metrics, guard, ...scale && { scale }, sums: [] },
    ...{ logits, loss, gradient, capture, updates },
  };
}

interface Inputs {
  readonly model: Model;
  readonly variables: Variables;
  readonly images: Tensor;
  readonly metrics: TrainingStep["metrics"];
  readonly guard: Guard;
  readonly scale: LossScale | undefined;
}

/** `updates` unless the step is left out, and what it does to the sum of losses, the counts and the scale. */
function takenUpdates(
  updates: ReadonlyMap<Tensor, Tensor>,
  { bad, overflow, loss }: {
    /** Not 0 where it is left out. */
    readonly bad: Tensor;
    /** Not 0 where gradients are not finite. */
    readonly overflow: Tensor;
    /** The mean over the step. */
    readonly loss: Tensor;
  },
  { metrics, guard, scale }: Inputs,
): Map<Tensor, Tensor> {
  return new Map([
    ...guarded(new Map([...updates, [metrics.loss, add(metrics.loss, loss)]]), bad),
    ...counted(guard, bad, scale && leastScale(scale)),
    ...scale ? nextScale(scale, overflow) : [],
  ]);
}

/**
 * A step of several batches. The numerator of the loss is differentiated, and numerators and denominators are
 * added up apart, so that the step is that of one batch of all rows, whatever the rows or classes weigh. What
 * adds up, `sums`, is also what devices that share a step would have to exchange.
 */
function divided(
  inputs: Inputs,
  options: PassOptions,
  update: (gradient: Tensor, statistics: Tensor) => ReturnType<typeof captureUpdate>,
): Omit<TrainingStep, "scalars" | "metrics" | "guard"> {
  const { model, variables, images, metrics, scale } = inputs;
  // Divided by the rows of a batch, numerators stay as large as a mean.
  const share = (x: Tensor) => div(x, full(images.shape[0]!, []));
  const pass = capturePass(model, variables, images, {
    ...options,
    objective: ({ total }) => share(total),
  });
  const gradients = variables.parameters.like("gradient sum");
  const [total, count] = [input("loss of the step", []), input("weight of the step", [])];
  const batch = new Map([
    [gradients, add(gradients, pass.gradient)],
    [total, add(total, share(pass.total))],
    [count, add(count, share(pass.count))],
    [metrics.correct, add(metrics.correct, pass.correct)],
  ]);
  const moments = firstMoments(variables, pass.capture);
  if (moments.length) {
    const { tensor } = variables.statistics;
    const bad = pass.overflow ?? overflowAmong(moments);
    batch.set(tensor, where(bad, tensor, pass.statistics));
  }
  const mean = div(gradients, count);
  const { states, updates: changed } = update(mean, variables.statistics.tensor);
  const loss = div(total, count);
  const overflow = scale
    ? overflowOf(gradients)
    : overflowAmong([firstOf(gradients, variables.parameters)]);
  const bad = add(overflow, notFinite(loss));
  const updates = takenUpdates(changed, { bad, overflow, loss }, inputs);
  const sums = [gradients, total, count];
  for (const sum of sums) updates.set(sum, full(0, sum.shape));
  const { targets, logits, gradient, capture } = pass;
  return {
    ...{ targets, states, ...scale && { scale }, sums, logits, loss: pass.loss, gradient, capture },
    ...{ updates: batch, finish: updates },
  };
}

/**
 * The part of a gradient of the first norm, of the first vector where there is none, or else of the first tensor: what
 * the backward pass comes to near its end. What is not finite before reaches it, and to look at all of it would cost
 * a reading; where a sum for a single weight overflows, the next loss is not finite.
 */
function firstOf(gradient: Tensor, parameters: Arena): Tensor {
  const { variables } = parameters;
  const first = ["affine", "vector"].map((kind) => variables.find((v) => v.layout === kind));
  return parameters.partOf(gradient, first.find((v) => v) ?? variables[0]!);
}

/** Mean and variance that the first norm took of a batch, which running statistics would follow; none without one. */
function firstMoments({ statistics }: Variables, { moments }: Capture): Tensor[] {
  return statistics.variables.slice(0, 1).map(({ name }) => moments.get(name)!.tensor);
}

/** Classes as probabilities [n, classes]. Throws RangeError for a class that is none of them. */
export function oneHot(labels: Int32Array, shape: Shape): Float32Array {
  const [n, classes] = shape as [number, number];
  if (labels.length !== n) {
    throw new RangeError(`Cannot step: ${labels.length} labels were given, ${n} were needed`);
  }
  const targets = new Float32Array(n * classes);
  labels.forEach((label, i) => {
    if (label < 0 || label >= classes) {
      throw new RangeError(`Cannot step: label ${label} was given, 0 to ${classes - 1} was needed`);
    }
    targets[i * classes + label] = 1;
  });
  return targets;
}
