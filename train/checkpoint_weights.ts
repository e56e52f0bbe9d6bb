/** The weights of a checkpoint, all that its model has. Opens no device. */

import { declare } from "../engine/nn/scope.ts";
import { modelInfo } from "../models/mod.ts";
import type { Weight } from "../models/safetensors.ts";
import { type Checkpoint, CheckpointError } from "./checkpoint.ts";
import { decodeVariables, encodeVariables } from "./weights.ts";

/**
 * All tensors of the model, in PyTorch's order, counters of batches included. Throws CheckpointError with
 * `path` in it when the checkpoint's do not fit its model.
 */
export function checkpointWeights(checkpoint: Checkpoint, path: string): Map<string, Weight> {
  const { model, classes, size } = checkpoint;
  try {
    const built = modelInfo(model).build({ classes: classes.length });
    const variables = declare(built, [1, size, size, 3]);
    const numbers = encodeVariables(variables, checkpoint.weights);
    return decodeVariables(variables, numbers, (name) => numbers.batches.get(name)!);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CheckpointError(`Cannot use the checkpoint "${path}": ${error.message}`);
  }
}
