/** Checkpoints of models that learned nothing, for commands that need some. Asserts nothing. */
import { denoFiles } from "../../cli/files.ts";
import { declare } from "../../engine/nn/scope.ts";
import { modelInfo } from "../../models/mod.ts";
import { IMAGENET_BILINEAR } from "../../models/pretrained.ts";
import { type Checkpoint, writeCheckpoint } from "../../train/checkpoint.ts";
import { decodeVariables, initialNumbers } from "../../train/weights.ts";

/** A checkpoint with the weights that `seed` gives its model. */
export function untrained(
  model: string,
  { seed = 0, size = 32, classes = ["0", "1"] } = {},
): Checkpoint {
  const built = modelInfo(model).build({ classes: classes.length });
  const variables = declare(built, [1, size, size, 3]);
  const weights = decodeVariables(variables, initialNumbers(variables, seed), () => 0);
  return {
    ...{ model, classes, size, resize: size + 4, preprocessing: IMAGENET_BILINEAR },
    ...{ epoch: 0, step: 0, seed, configuration: { batch: 4 }, weights },
  };
}

/** Writes one. */
export async function writeUntrained(
  path: string,
  model: string,
  options: Parameters<typeof untrained>[1] = {},
): Promise<void> {
  await writeCheckpoint(denoFiles, path, untrained(model, options));
}
