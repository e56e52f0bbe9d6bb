/** What a training session keeps beside the weights that it evaluates, by name and place. No numbers. */

import type { Tensor } from "../engine/graph.ts";
import type { CapturedModel, CapturedTraining } from "./captured.ts";
import type { StateArena } from "./weights.ts";

/** A state in its place. */
export interface State extends StateArena {
  readonly tensor: Tensor;
}

/** The states of the optimizer, and as `training` the weights being trained where others are evaluated. */
export function statesOf(
  { variables, evaluated }: CapturedModel,
  training: CapturedTraining,
): State[] {
  const { step, optimizer } = training;
  const { parameters } = variables;
  const own = optimizer.states.map((name, i) => ({
    ...{ name, arena: parameters, tensor: step.states[i]! },
  }));
  const apart = (["parameters", "statistics"] as const)
    .filter((name) => evaluated[name] !== variables[name] && variables[name].variables.length > 0)
    .map((name) => ({ name: "training", arena: variables[name], tensor: variables[name].tensor }));
  return [...own, ...apart];
}
