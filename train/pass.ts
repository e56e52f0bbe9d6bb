/** One batch through a model and back: loss, gradients, statistics. Changes no parameter. */

import { gradients } from "../engine/autodiff.ts";
import { input, type Tensor, topological } from "../engine/graph.ts";
import { distilled, type TeacherOptions } from "../engine/nn/distillation.ts";
import { type LossSums, lossSums, type NamedLossOptions } from "../engine/nn/losses.ts";
import {
  apply,
  type Capture,
  type Model,
  nextStatistics,
  type Variables,
} from "../engine/nn/scope.ts";
import { argmaxEqual } from "../engine/ops/cross_entropy.ts";
import { pack } from "../engine/ops/layout.ts";
import { div, mul } from "../engine/ops/pointwise.ts";
import { sum } from "../engine/ops/sum.ts";
import { recompute } from "../engine/recompute.ts";
import { unscaled } from "./scaling.ts";

/** What a batch amounts to. */
export interface Pass extends LossSums {
  /** [n, classes]: one-hot or probabilities. */
  readonly targets: Tensor;
  /** [n, classes]. */
  readonly logits: Tensor;
  /** The mean over the batch, a scalar. */
  readonly loss: Tensor;
  /** How many logits are right, a scalar. */
  readonly correct: Tensor;
  /** The gradient of each parameter, with the layout of the parameters. */
  readonly gradient: Tensor;
  /** A scalar: how many numbers of a gradient that was scaled are not finite. */
  readonly overflow?: Tensor;
  /** The running statistics after the batch, with their layout; those before it where no norm follows batches. */
  readonly statistics: Tensor;
  /** What the layers computed, by name. */
  readonly capture: Capture;
}

/** How a batch passes. */
export interface PassOptions extends NamedLossOptions {
  /** How many classes the logits tell apart. */
  readonly classes: number;
  /** A number of the batch, below 2²⁴: decides what is dropped. */
  readonly seed: Tensor;
  /** Whom the loss listens to beside the targets. Default nobody. */
  readonly teacher?: TeacherOptions | undefined;
  /** The scalar that is differentiated. Default the mean loss. */
  readonly objective?: (sums: LossSums) => Tensor;
  /** A scalar that it is multiplied by before, and its gradients are divided by after that. Default 1. */
  readonly factor?: Tensor | undefined;
  /**
   * Whether the backward pass computes what is inside the model's blocks again instead of keeping it.
   * Throws RangeError where the model marks no blocks.
   */
  readonly recompute?: boolean;
  /** How many ranks take the statistics of norms together. Default 1. */
  readonly ranks?: number;
}

/** Captures the pass of `images` [n, h, w, 3], normalised, through `model`. */
export function capturePass(
  model: Model,
  variables: Variables,
  images: Tensor,
  options: PassOptions,
): Pass {
  const {
    classes,
    seed,
    teacher,
    objective,
    factor,
    recompute: again = false,
    ranks,
    ...lossOptions
  } = options;
  const { parameters, statistics } = variables;
  const targets = input("targets", [images.shape[0]!, classes]);
  const { logits, capture } = apply(model, variables, images, {
    ...{ training: true, seed },
    ...(ranks && { ranks }),
  });
  const told = lossSums(logits, targets, lossOptions);
  const sums = teacher ? distilled(told, logits, teacher) : told;
  const loss = div(sums.total, sums.count);

  const whole = objective?.(sums) ?? loss;
  const minimised = factor ? mul(whole, factor) : whole;
  const parts = parameters.variables.map((v) => parameters.part(v)!);
  const arena = pack(
    again ? recomputed(minimised, parts, { capture, images }) : gradients(minimised, parts),
  );
  const gradient = factor ? unscaled(arena, factor) : { gradient: arena };
  const correct = sum(argmaxEqual(logits, targets));
  const pass = { ...sums, targets, logits, loss, correct, ...gradient, capture };
  if (!statistics.variables.length) return { ...pass, statistics: statistics.tensor };
  return { ...pass, statistics: nextStatistics(variables, capture) };
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
