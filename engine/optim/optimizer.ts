/** What an optimizer is: states beside the parameters, numbers of the step, and how all of them change. */

import type { Tensor } from "../graph.ts";
import type { PartRows } from "../ops/part_sums.ts";
import { add, full, mul, sub } from "../ops/pointwise.ts";

/** The numbers of a schedule in force at a step. */
export interface Rates {
  /** How far a step goes. */
  readonly learningRate: number;
  /** Momentum in force, for schedules that cycle it; the optimizer's own where left out. */
  readonly beta1?: number;
}

/** What a step is made of. */
export interface StepInputs {
  /** The arena of parameters, [rows, 64]. */
  readonly parameters: Tensor;
  /** With its layout, as the states. */
  readonly gradient: Tensor;
  /** In the order of the optimizer's names. */
  readonly states: readonly Tensor[];
  /** In the order of the optimizer's values. */
  readonly scalars: readonly Tensor[];
  /** [rows, 1]: what the learning rate of each row is multiplied by. Default 1. */
  readonly rates?: Tensor | undefined;
  /** [rows, 1]: what the weight decay of each row is multiplied by. Default 1. */
  readonly decays?: Tensor | undefined;
  /** The rows of each variable. */
  readonly parts: readonly PartRows[];
}

/** An optimizer over one arena of parameters. */
export interface Optimizer {
  /** Names of the states, as PyTorch or timm call them. */
  readonly states: readonly string[];
  /** What states begin as: a number, or a copy of the parameters. Zeros where left out. */
  readonly initial?: Readonly<Record<string, number | "parameters">>;
  /** How many scalars a step takes. */
  readonly scalars: number;
  /** The scalars of step `t` = 1, 2, …, computed in float64. */
  values(t: number, rates: Rates): number[];
  /** Parameters and states after a step. */
  update(inputs: StepInputs): { readonly parameters: Tensor; readonly states: readonly Tensor[] };
  /** The parameters to evaluate, where they are not those that gradients are taken at. */
  evaluated?(inputs: Pick<StepInputs, "parameters" | "states">): Tensor;
}

/** `x · step`, and that times the rate of each row: how far a step goes. */
export function scaled(x: Tensor, step: Tensor, rates: Tensor | undefined): Tensor {
  const whole = mul(x, step);
  return rates ? mul(whole, rates) : whole;
}

/** `decay · mean + (1 − decay) · x`: a moving average, and the newest value. */
export function averaged(mean: Tensor, x: Tensor, decay: number): Tensor {
  return add(mul(mean, full(decay, [])), mul(x, full(1 - decay, [])));
}

/** `g + λ · p`: weight decay that is part of the gradient. */
export function decayedGradient(
  { parameters, gradient, decays }: StepInputs,
  weightDecay: number,
): Tensor {
  if (weightDecay === 0) return gradient;
  const pull = mul(parameters, full(weightDecay, []));
  return add(gradient, decays ? mul(pull, decays) : pull);
}

/** `p − pull · p`: weight decay beside the gradient, `pull` being lr · λ; `p` without a pull. */
export function decoupledDecay(
  { parameters, decays, rates }: StepInputs,
  pull: Tensor | undefined,
): Tensor {
  if (!pull) return parameters;
  return sub(parameters, scaled(decays ? mul(parameters, decays) : parameters, pull, rates));
}

/** Throws RangeError unless `value` is from 0 on, or above it where `positive`, and below `below`. */
export function requireWithin(
  what: string,
  value: number,
  { positive = false, below = Infinity }: { readonly positive?: boolean; readonly below?: number } =
    {},
): void {
  if ((positive ? value > 0 : value >= 0) && value < below) return;
  const range = (positive ? "above 0" : "from 0") +
    (below === Infinity ? "" : ` and below ${below}`);
  throw new RangeError(`Cannot use ${what} ${value}: a finite number ${range} was needed`);
}
