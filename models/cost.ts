/** What a model costs: counted on its graph, nothing is run. */

import { input, type Tensor, topological } from "../engine/graph.ts";
import { apply, declare, type Model } from "../engine/nn/scope.ts";
import { rows, size } from "../engine/shape.ts";

/** What one image costs a model. */
export interface Cost {
  /** Numbers that are learned. */
  readonly parameters: number;
  /** Multiplications with additions in convolutions and matrix products, those with padding included. */
  readonly multiplyAdds: number;
}

/** Ops whose result is, row by row, a product of their first input by all of their second. */
const PRODUCTS = ["matmul", "conv2d", "depthwise"];

/** What `model` costs on an image of `pixels` × `pixels`, in evaluation. */
export function modelCost(model: Model, pixels: number): Cost {
  const images = input("images", [1, pixels, pixels, 3]);
  const variables = declare(model, images.shape);
  const { logits } = apply(model, variables, images, { training: false });
  return {
    parameters: variables.parameters.variables.reduce((sum, { shape }) => sum + size(shape), 0),
    multiplyAdds: topological([logits]).reduce((sum, t) => sum + productOf(t), 0),
  };
}

function productOf({ op, shape, inputs }: Tensor): number {
  return PRODUCTS.includes(op.name) ? rows(shape) * inputs[1]!.size : 0;
}
