/** Sessions for commands: what a device or a flag makes impossible, said in the words of the flags. */

import type { Files } from "../../data/files.ts";
import { MemoryError } from "../../engine/compile/program.ts";
import type { Precision } from "../../engine/compile/program.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { type Checkpoint, readCheckpoint } from "../checkpoint.ts";
import { requireModel, restoreWeights } from "../restore.ts";
import { Session, type SessionOptions } from "../session.ts";
import { UsageError } from "../recipe/usage_error.ts";

/**
 * Compiles a session. Throws MemoryError when size or batch is too large for the device, UsageError
 * when the model cannot be built at that size.
 */
export async function createSession(
  device: Device,
  options: SessionOptions & { readonly model: string; readonly size: number },
): Promise<Session> {
  const { model, size, batch } = options;
  try {
    return await Session.create(device, options);
  } catch (error) {
    if (error instanceof MemoryError) {
      throw new MemoryError(
        `${error.message}; a smaller --batch than ${batch} or --size than ${size} was needed`,
      );
    }
    if (error instanceof RangeError) {
      throw new UsageError(`Cannot build ${model} at --size ${size}: ${error.message}`);
    }
    throw error;
  }
}

/**
 * Reads the checkpoint that a flag names. Throws CheckpointError when it cannot be read, or is not
 * of `model` where one is given.
 */
export async function openCheckpoint(
  files: Files,
  path: string,
  model?: string,
): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(files, path);
  if (model !== undefined) requireModel(checkpoint, model, path);
  return checkpoint;
}

/** A session that only evaluates, with a checkpoint's model and weights. */
export async function evaluationSession(
  device: Device,
  checkpoint: Checkpoint,
  { path, batch, precision = trainedPrecision(checkpoint), augment }: {
    readonly path: string;
    readonly batch: number;
    /** As what activations are kept. Default as in training. */
    readonly precision?: Precision | undefined;
    /** What the device does to images. */
    readonly augment?: SessionOptions["augment"];
  },
): Promise<Session> {
  const session = await createSession(device, {
    model: checkpoint.model,
    classes: checkpoint.classes.length,
    size: checkpoint.size,
    batch,
    precision,
    preprocessing: checkpoint.preprocessing,
    seed: 0,
    optimizer: { name: "sgd" },
    train: false,
    augment,
  });
  try {
    await restoreWeights(session, checkpoint, path);
  } catch (error) {
    session.destroy();
    throw error;
  }
  return session;
}

/** The batch a checkpoint was trained with: its evaluation program repeats the training log's bits. */
export function trainedBatch(checkpoint: Checkpoint): number {
  const { batch } = checkpoint.configuration;
  return typeof batch === "number" && Number.isSafeInteger(batch) && batch > 0 ? batch : 32;
}

/** What a checkpoint was trained with: its evaluation program repeats the training log's bits. */
export function trainedPrecision({ configuration: { precision } }: Checkpoint): Precision {
  return precision === "f16" ? "f16" : "f32";
}
