/** Weights files that a person gave: of which model they are, and whether a run goes on from them. Trains nothing. */

import { readWeightFile } from "../mod.ts";
import {
  type Checkpoint,
  CheckpointError,
  type InitialWeights,
  preprocessingOf,
  readCheckpoint,
  readInitialWeights,
  recognizeModel,
} from "../run.ts";
import { blobFiles } from "./blob_files.ts";
import type { WeightsSummary } from "./messages.ts";

/** Weights that are open: those of a model, and the checkpoint they are from where they are from one. */
export interface OpenWeights extends InitialWeights {
  readonly model: string;
  readonly checkpoint?: Checkpoint;
}

/** Reads a file of weights; `model` says whose they are where they do not. Throws CheckpointError. */
export async function openWeights(file: File, model?: string): Promise<OpenWeights> {
  const files = blobFiles(new Map([[file.name, file]]));
  const bytes = await files.read(file.name);
  const { tensors, metadata } = await read(bytes, file.name);
  const checkpoint = "verity" in metadata ? await readCheckpoint(files, file.name) : undefined;
  const own = checkpoint?.model ?? recognizeModel(tensors) ?? model;
  if (own === undefined) {
    throw new CheckpointError(
      `Cannot use "${file.name}": it does not say of which model it is, weights of a known model were needed`,
    );
  }
  const weights = await readInitialWeights(files, file.name, own);
  return { ...weights, model: own, ...(checkpoint && { checkpoint }) };
}

async function read(bytes: Uint8Array<ArrayBuffer>, name: string) {
  try {
    return await readWeightFile(bytes);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CheckpointError(`Cannot read "${name}": ${error.message}`, { cause: error });
  }
}

/** What a person is told of weights. */
export function describeWeights(
  { path, model, checkpoint, preprocessing }: OpenWeights,
): WeightsSummary {
  return {
    ...{ name: path, model },
    checkpoint: checkpoint !== undefined,
    continues: checkpoint?.optimizer !== undefined,
    preprocessing: preprocessing ?? preprocessingOf({ model, weights: path }),
    ...(checkpoint && {
      ...{ classes: checkpoint.classes, size: checkpoint.size, epoch: checkpoint.epoch },
    }),
  };
}
