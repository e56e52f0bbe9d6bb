/** What an optimizer is: states beside the parameters, numbers of the step, and how all of them change. */

import type { Tensor } from "../graph.ts";

/** The numbers of a schedule in force at a step. */
export interface Rates {
  /** How far a step goes. */
  readonly learningRate: number;
  /** Momentum in force, for schedules that cycle it; the optimizer's own where left out. */
  readonly beta1?: number;
}

/** An optimizer over one arena of parameters. Every state begins as zeros. */
export interface Optimizer {
  /** Names of the states, as PyTorch calls them. */
  readonly states: readonly string[];
  /** How many scalars a step takes. */
  readonly scalars: number;
  /** The scalars of step `t` = 1, 2, …, computed in float64. */
  values(t: number, rates: Rates): number[];
  /**
   * Parameters and states after a step; `gradient` has the shape of `parameters`, and so have `factors`:
   * what the learning rate of each parameter is multiplied by.
   */
  update(
    parameters: Tensor,
    gradient: Tensor,
    states: readonly Tensor[],
    scalars: readonly Tensor[],
    factors?: Tensor,
  ): { readonly parameters: Tensor; readonly states: readonly Tensor[] };
}
