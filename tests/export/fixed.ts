/** Weights that are the same everywhere and let images through to the logits. Asserts nothing. */

import { uniform } from "../../cli/golden/fill.ts";
import { declare } from "../../engine/nn/scope.ts";
import { modelInfo } from "../../models/mod.ts";
import { toFloats, type Weight } from "../../models/safetensors.ts";
import { decodeVariables, initialNumbers } from "../../train/weights.ts";

/** What makes logits of the size of 1: models differ in how much their layers amplify. */
const SIZES: Readonly<Record<string, number>> = {
  "tf_efficientnet_lite0": 20,
  "mobilenetv3_large_100": 200,
};

/** The state dict of a model of the registry: convolutions as they start, norms filled, counters 7. */
export function fixedWeights(model: string, classes: number): Map<string, Weight> {
  const { build, size } = modelInfo(model);
  const variables = declare(build({ classes }), [1, size, size, 3]);
  const weights = decodeVariables(variables, initialNumbers(variables, 1), () => 7);
  for (const [t, [key, weight]] of [...weights].entries()) {
    if (weight.dtype !== "F32") continue;
    const numbers = toFloats(weight);
    const offset = /(weight|running_var)$/.test(key) ? 0.5 : -0.5;
    for (const i of numbers.keys()) {
      if (weight.shape.length === 1) numbers[i] = uniform(i, t) + offset;
      if (weight.shape.length === 2) numbers[i]! /= SIZES[model] ?? 1;
    }
  }
  return weights;
}
