/** The training step as a graph: loss, gradients, optimizer, running statistics and metrics. No device. */

import { gradients } from "../engine/autodiff.ts";
import type { Goal } from "../engine/compile/program.ts";
import { constant, input, type Tensor, topological } from "../engine/graph.ts";
import { type LossOptions, softmaxCrossEntropy } from "../engine/nn/losses.ts";
import {
  apply,
  type Capture,
  type Model,
  nextStatistics,
  type Variables,
} from "../engine/nn/scope.ts";
import { argmaxEqual } from "../engine/ops/cross_entropy.ts";
import { pack, row } from "../engine/ops/layout.ts";
import { add, full, mul } from "../engine/ops/pointwise.ts";
import { sum } from "../engine/ops/sum.ts";
import type { Optimizer } from "../engine/optim/optimizer.ts";
import { recompute } from "../engine/recompute.ts";
import type { Shape } from "../engine/shape.ts";

/** A step over fixed shapes: what to feed, what it computes, what it changes. */
export interface TrainingStep {
  /** [n, classes]: one-hot or probabilities. */
  readonly targets: Tensor;
  /** [1 + k, 1]: the seed of the step, then the scalars of the optimizer. */
  readonly scalars: Tensor;
  /** States of the optimizer, each with the layout of the parameters. */
  readonly states: readonly Tensor[];
  /** Sums over the steps since they were last set to 0. */
  readonly metrics: { readonly loss: Tensor; readonly correct: Tensor };
  /** [n, classes], of the weights before the step. */
  readonly logits: Tensor;
  /** The mean over the batch, a scalar. */
  readonly loss: Tensor;
  /** All gradients, with the layout of the parameters. */
  readonly gradient: Tensor;
  /** What the layers computed, by name. */
  readonly capture: Capture;
  /** Each state and what replaces it: parameters, moments, statistics, metrics. */
  readonly updates: NonNullable<Goal["updates"]>;
}

/** How to take a step. */
export interface StepOptions extends LossOptions {
  /** How many classes the logits tell apart. */
  readonly classes: number;
  /** What changes the parameters. */
  readonly optimizer: Optimizer;
  /** With the layout of the parameters: what the learning rate of each is multiplied by. Default 1. */
  readonly factors?: Tensor;
  /**
   * Whether the backward pass computes what is inside the model's blocks again instead of keeping it.
   * Throws RangeError where the model marks no blocks.
   */
  readonly recompute?: boolean;
}

/** Captures one step of `model` on `images` [n, h, w, 3], normalised. */
export function captureStep(
  model: Model,
  variables: Variables,
  images: Tensor,
  options: StepOptions,
): TrainingStep {
  const { optimizer, classes, factors, recompute: again = false, ...lossOptions } = options;
  const { parameters, statistics } = variables;
  const scalars = input("scalars", [1 + optimizer.scalars, 1]);
  const numbers = Array.from({ length: optimizer.scalars }, (_, i) => row(scalars, 1 + i));
  const targets = input("targets", [images.shape[0]!, classes]);

  // Forward: images → logits → loss.
  const { logits, capture } = apply(model, variables, images, {
    training: true,
    seed: row(scalars, 0),
  });
  const loss = softmaxCrossEntropy(logits, targets, lossOptions);

  // Backward: the gradient of each parameter, all in one arena.
  const parts = parameters.variables.map((v) => parameters.part(v)!);
  const gradient = pack(
    again ? recomputed(loss, parts, { capture, images }) : gradients(loss, parts),
  );

  // Update: parameters, moments, running statistics, metrics.
  const states = optimizer.states.map((name) => parameters.like(name));
  const next = optimizer.update(parameters.tensor, gradient, states, numbers, factors);
  const updates = new Map([[parameters.tensor, next.parameters]]);
  states.forEach((state, i) => updates.set(state, next.states[i]!));
  if (statistics.variables.length) {
    const { packed, factors, momentum } = nextStatistics(variables, capture);
    const fresh = mul(packed, constant(Array.from(factors), statistics.tensor.shape));
    updates.set(statistics.tensor, add(mul(statistics.tensor, full(1 - momentum, [])), fresh));
  }
  const metrics = { loss: input("loss sum", []), correct: input("correct", []) };
  updates.set(metrics.loss, add(metrics.loss, loss));
  updates.set(metrics.correct, add(metrics.correct, sum(argmaxEqual(logits, targets))));
  return { targets, scalars, states, metrics, logits, loss, gradient, capture, updates };
}

/** Gradients of `parts` that compute what is inside the blocks of the model again. */
function recomputed(
  loss: Tensor,
  parts: readonly Tensor[],
  { capture, images }: { readonly capture: Capture; readonly images: Tensor },
): Tensor[] {
  const { blocks } = capture;
  if (!blocks.length) {
    throw new RangeError(
      "Cannot recompute the blocks of the model: it marks none, `scope.mark` of what a child scope " +
        "computed was needed",
    );
  }
  // No gradient reaches a block that no trained parameter is below or in.
  const trained = new Set(parts);
  const reached = blocks.filter(({ output }) => topological([output]).some((t) => trained.has(t)));
  const all = gradients(loss, [...parts, ...reached.map((b) => b.output)]);
  const gradientOf = new Map(reached.map((b, i) => [b, all[parts.length + i]!]));
  const segments = blocks.map((b) => ({ ...b, gradient: gradientOf.get(b) }));
  return recompute(all.slice(0, parts.length), { loss, images, segments });
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
