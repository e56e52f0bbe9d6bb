/** Running statistics estimated anew: the mean over batches for weights that were never trained, such as an average. */

import type { Goal } from "../engine/compile/program.ts";
import { input, type Tensor } from "../engine/graph.ts";
import { apply, batchStatistics } from "../engine/nn/scope.ts";
import { add, mul, sub } from "../engine/ops/pointwise.ts";
import type { CapturedModel } from "./captured.ts";

/** A pass that only moves running statistics. */
export interface CapturedStatistics {
  readonly goal: Goal;
  /** A scalar: the share of the batch in the mean, 1 / n for the n-th. */
  readonly share: Tensor;
}

/**
 * Captures the pass for the weights that evaluations use: as in training, but nothing is dropped. Undefined where
 * no norm follows batches. Semantics: `torch.optim.swa_utils.update_bn`.
 */
export function captureStatistics(
  { model, evaluated, pixels }: CapturedModel,
): CapturedStatistics | undefined {
  const { tensor, variables } = evaluated.statistics;
  if (variables.length === 0) return undefined;
  const { capture } = apply(model, evaluated, pixels.training, { training: true });
  const batch = batchStatistics(evaluated, capture);
  const share = input("share of the batch", []);
  const next = add(tensor, mul(sub(batch, tensor), share));
  return { goal: { outputs: [], updates: new Map([[tensor, next]]) }, share };
}
