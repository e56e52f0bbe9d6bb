/** What a gradient does to the parameters: clipping, the optimizer, the averages. Knows no model and no loss. */

import type { Tensor } from "../engine/graph.ts";
import type { Variables } from "../engine/nn/scope.ts";
import { stagesOf } from "../engine/nn/stages.ts";
import type { Variable } from "../engine/nn/variables.ts";
import { clipByNorm, clipByUnit, clipByValue } from "../engine/optim/clip.ts";
import type { Optimizer } from "../engine/optim/optimizer.ts";
import { pack } from "../engine/ops/layout.ts";
import { add, mul, sub } from "../engine/ops/pointwise.ts";

/** Bounds of gradients; each is applied that is given, in this order. */
export interface ClipOptions {
  /**
   * Largest norm of the gradient of an output channel over that of its weights: adaptive clipping, which
   * leaves out the classifier as timm's does.
   */
  readonly clipUnits?: number | undefined;
  /** Largest size of any number. */
  readonly clipValue?: number | undefined;
  /** Largest norm of all gradients together. */
  readonly clipNorm?: number | undefined;
}

/** How parameters are changed. */
export interface UpdateOptions extends ClipOptions {
  /** What changes the parameters. */
  readonly optimizer: Optimizer;
  /** [rows, 1] of the arena of parameters: what the learning rate of each is multiplied by. Default 1. */
  readonly rates?: Tensor | undefined;
  /** [rows, 1] of the arena of parameters: what the weight decay of each is multiplied by. Default 1. */
  readonly decays?: Tensor | undefined;
  /** The moving average of the weights. Default none. */
  readonly average?: Average | undefined;
}

/** A moving average as states: each moves by `share` of what it lacks. */
export interface Average {
  /** With the layout of the parameters. */
  readonly parameters: Tensor;
  /** With the layout of the running statistics. */
  readonly statistics: Tensor;
}

/** What an update is made of. */
export interface UpdateInputs {
  /** With the layout of the parameters. */
  readonly gradient: Tensor;
  /** The running statistics after the step. */
  readonly statistics: Tensor;
  /** Those of the optimizer. */
  readonly scalars: readonly Tensor[];
  /** Share of the new weights in their average, where there is one. */
  readonly share?: Tensor | undefined;
}

/** States and what replaces them. */
export interface Update {
  /** Those of the optimizer, each with the layout of the parameters. */
  readonly states: readonly Tensor[];
  /** Parameters and states. */
  readonly updates: Map<Tensor, Tensor>;
}

/** Captures what a gradient does to parameters, states and averages. */
export function captureUpdate(
  variables: Variables,
  inputs: UpdateInputs,
  options: UpdateOptions,
): Update {
  const { optimizer, rates, decays, average } = options;
  const { parameters } = variables;
  const states = optimizer.states.map((name) => parameters.like(name));
  const next = optimizer.update({
    parameters: parameters.tensor,
    gradient: clipped(variables, inputs.gradient, options),
    ...{ states, scalars: inputs.scalars, rates, decays, parts: parameters.rows },
  });
  const updates = new Map([[parameters.tensor, next.parameters]]);
  states.forEach((state, i) => updates.set(state, next.states[i]!));
  if (average && inputs.share) {
    const { share, statistics } = inputs;
    const toward = (x: Tensor, y: Tensor) => updates.set(x, add(x, mul(sub(y, x), share)));
    toward(average.parameters, next.parameters);
    if (variables.statistics.variables.length) toward(average.statistics, statistics);
  }
  return { states, updates };
}

function clipped(variables: Variables, gradient: Tensor, options: ClipOptions): Tensor {
  const { clipUnits, clipValue, clipNorm } = options;
  let g = clipUnits === undefined ? gradient : clippedUnits(variables, gradient, clipUnits);
  if (clipValue !== undefined) g = clipByValue(g, clipValue);
  return clipNorm === undefined ? g : clipByNorm(g, clipNorm);
}

function clippedUnits(
  { all, parameters }: Variables,
  gradient: Tensor,
  factor: number,
): Tensor {
  const classifier = new Set(stagesOf(all).at(-1)?.variables);
  return pack(parameters.variables.map((v) => {
    const g = parameters.partOf(gradient, v);
    if (classifier.has(v)) return g;
    return clipByUnit(parameters.part(v)!, g, { axes: unitAxes(v), factor });
  }));
}

/** The axes of a variable that one unit goes along: an output channel, or all of a vector. */
function unitAxes({ layout, shape }: Variable): readonly number[] {
  const last = shape.length - 1;
  if (layout === "convolution" || layout === "matrix") return shape.map((_, i) => i).slice(0, last);
  return [last];
}
