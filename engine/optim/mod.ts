/** Optimizers by name: what a command line or a configuration says, as an `Optimizer`. */

import { adam } from "./adam.ts";
import type { Optimizer } from "./optimizer.ts";
import { sgd } from "./sgd.ts";

/** An optimizer by name; what is left out is as in PyTorch. */
export interface OptimizerOptions {
  /** Which optimizer. */
  readonly name: "adam" | "sgd";
  /** β₁ of Adam, the momentum of SGD. */
  readonly momentum?: number;
  /** SGD looks one step of momentum ahead. */
  readonly nesterov?: boolean;
  /** Added to the gradient as `weightDecay · p`. */
  readonly weightDecay?: number;
}

/** The optimizer that `options` name. Throws RangeError where they do not fit together. */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  const { name, momentum, nesterov = false, weightDecay = 0 } = options;
  if (name === "sgd") {
    return sgd({ nesterov, weightDecay, ...(momentum !== undefined && { momentum }) });
  }
  if (nesterov) throw new RangeError("Cannot use Nesterov's method with Adam: SGD was needed");
  return adam({ weightDecay, ...(momentum !== undefined && { beta1: momentum }) });
}
