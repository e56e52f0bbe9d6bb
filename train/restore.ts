/** Puts stored weights into a session, and says in one sentence why it cannot. Opens no device. */

import type { Files } from "../data/files.ts";
import type { Preprocessing } from "../models/pretrained.ts";
import { parseSafetensors, type Weight } from "../models/safetensors.ts";
import { type Checkpoint, CheckpointError, readCheckpoint } from "./checkpoint.ts";
import type { Session } from "./session.ts";

/** The part of a session that holds weights. */
export type Writable = Pick<Session, "readWeights" | "writeWeights" | "writeOptimizer">;

/** The last layer of timm's models: the only one whose shape depends on the number of classes. */
const HEAD = /^(fc|classifier)\./;

/** Throws CheckpointError, naming both, unless the checkpoint in `path` is of `model`. */
export function requireModel(checkpoint: Checkpoint, model: string, path: string): void {
  if (checkpoint.model !== model) {
    throw new CheckpointError(
      `Cannot use the checkpoint "${path}" for ${model}: it is of ${checkpoint.model}, ` +
        `a checkpoint of ${model} was needed`,
    );
  }
}

/** Writes all weights of a checkpoint. Throws CheckpointError when they do not fit the model. */
export async function restoreWeights(
  session: Writable,
  checkpoint: Checkpoint,
  path: string,
): Promise<void> {
  await written(() => session.writeWeights(checkpoint.weights), path, checkpoint.model);
}

/**
 * Puts a session where its run stopped: weights, the optimizer's state, the step. Throws
 * CheckpointError when the checkpoint lacks one.
 */
export async function restoreRun(
  session: Writable,
  checkpoint: Checkpoint,
  path: string,
): Promise<void> {
  const { optimizer } = checkpoint;
  if (optimizer === undefined) {
    throw new CheckpointError(
      `Cannot resume from "${path}": it has no optimizer state, a last.safetensors was needed`,
    );
  }
  await restoreWeights(session, checkpoint, path);
  await written(
    () => session.writeOptimizer(optimizer, checkpoint.step),
    path,
    checkpoint.model,
  );
}

/** Weights that a model can start from. */
export interface InitialWeights {
  /** The file they are from. */
  readonly path: string;
  /** By timm's names. */
  readonly tensors: ReadonlyMap<string, Weight>;
  /** How the images they were learned from were made into numbers, where the file says so. */
  readonly preprocessing?: Preprocessing;
}

/**
 * Starts a model from stored weights. A classifier for another number of classes keeps its random
 * start. Returns what a person should know of that. Throws CheckpointError when they are of another
 * model.
 */
export async function loadInitialWeights(
  session: Writable,
  { tensors, path }: InitialWeights,
  model: string,
): Promise<readonly string[]> {
  const started = await session.readWeights();
  const weights = new Map(tensors);
  const notes: string[] = [];
  for (const [name, weight] of started) {
    const other = weights.get(name);
    if (other === undefined && name.endsWith(".num_batches_tracked")) weights.set(name, weight);
    if (other === undefined || !HEAD.test(name) || other.shape[0] === weight.shape[0]) continue;
    weights.set(name, weight);
    notes.push(`${name} (${other.shape[0]} classes)`);
  }
  await written(() => session.writeWeights(weights), path, model);
  return notes.length === 0
    ? []
    : [`Left out of "${path}", for another number of classes: ${notes.join(", ")}`];
}

/**
 * Reads the weights in a file: timm's, or a checkpoint. Throws CheckpointError when the file cannot be
 * read, or is a checkpoint of another model.
 */
export async function readInitialWeights(
  files: Files,
  path: string,
  model: string,
): Promise<InitialWeights> {
  if (await files.kind(path) !== "file") {
    throw new CheckpointError(
      `Cannot read the weights "${path}": there is no such file, safetensors were needed`,
    );
  }
  const file = await written(async () => parseSafetensors(await files.read(path)), path, model);
  if (!("verity" in file.metadata)) return { path, tensors: file.tensors };
  const checkpoint = await readCheckpoint(files, path);
  requireModel(checkpoint, model, path);
  return { path, tensors: checkpoint.weights, preprocessing: checkpoint.preprocessing };
}

/** Runs `action`; what it says of weights that do not fit becomes a CheckpointError with the file. */
async function written<T>(action: () => T | Promise<T>, path: string, model: string): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) {
      throw new CheckpointError(`Cannot load "${path}" into ${model}: ${error.message}`);
    }
    throw error;
  }
}
