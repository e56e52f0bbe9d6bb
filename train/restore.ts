/** Puts stored weights into a session, and says in one sentence why it cannot. Opens no device. */

import type { Files } from "../data/files.ts";
import { draw } from "../engine/nn/init.ts";
import { sameShape, size } from "../engine/shape.ts";
import {
  describeDifferences,
  differences,
  isHead,
  recognizeModel,
  type Shapes,
} from "../models/compare.ts";
import { requireFinite } from "../models/float32.ts";
import { isEfficientnetPytorch, toTimmNames } from "../models/names.ts";
import type { Preprocessing } from "../models/pretrained.ts";
import { fromFloats, type Weight } from "../models/safetensors.ts";
import { readWeightFile } from "../models/weight_file.ts";
import { type Checkpoint, CheckpointError, readCheckpoint } from "./checkpoint.ts";
import { OUTER } from "./local_steps.ts";
import type { Session } from "./session.ts";

/** The part of a session that holds weights. */
export type Writable = Pick<Session, "readWeights" | "writeWeights" | "writeOptimizer">;

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
    () => session.writeOptimizer(ownStates(optimizer), checkpoint.step),
    path,
    checkpoint.model,
  );
}

/** What the optimizer of a session itself knows, without the outer steps of ranks that take steps apart. */
function ownStates(states: ReadonlyMap<string, Weight>): Map<string, Weight> {
  return new Map([...states].filter(([name]) => !name.startsWith(OUTER)));
}

/** Weights that a model can start from. */
export interface InitialWeights {
  /** The file they are from. */
  readonly path: string;
  /** By their names. */
  readonly tensors: ReadonlyMap<string, Weight>;
  /** What a person should know of how they were read. */
  readonly notes: readonly string[];
  /** How the images they were learned from were made into numbers, where the file says so. */
  readonly preprocessing?: Preprocessing;
  /** Whether the classifier was drawn anew, so that it knows nothing. */
  readonly headDrawn?: boolean;
}

/**
 * Reads the weights in a file: safetensors, PyTorch's, or a checkpoint. Throws CheckpointError when the
 * file cannot be read, or is a checkpoint of another model.
 */
export async function readInitialWeights(
  files: Files,
  path: string,
  model: string,
): Promise<InitialWeights> {
  if (await files.kind(path) !== "file") {
    throw new CheckpointError(
      `Cannot read the weights "${path}": there is no such file, ` +
        "safetensors or a file of torch.save was needed",
    );
  }
  const read = async () => await readWeightFile(await files.read(path));
  const { tensors, metadata, notes } = await written(read, path, model);
  if (!("verity" in metadata)) return { path, tensors, notes };
  const checkpoint = await readCheckpoint(files, path);
  requireModel(checkpoint, model, path);
  const { weights, preprocessing } = checkpoint;
  return { path, tensors: weights, notes: [], preprocessing };
}

/** What weights are made to fit. */
export interface FitWeightsOptions {
  readonly model: string;
  /** Names and shapes of its weights. */
  readonly shapes: Shapes;
  /** Decides the start of a classifier that is drawn anew. Default 0. */
  readonly seed?: number;
}

/**
 * Makes weights those of `model`, whose names and shapes `shapes` are: names of efficientnet-pytorch
 * become timm's, a classifier for another number of classes is drawn anew, and both are noted. Throws
 * CheckpointError, with all that differs, for other weights, and for ones that are not finite.
 */
export async function fitInitialWeights(
  initial: InitialWeights,
  { model, shapes, seed = 0 }: FitWeightsOptions,
): Promise<InitialWeights> {
  const { path } = initial;
  const notes = [...initial.notes];
  let tensors = new Map(initial.tensors);
  if (isEfficientnetPytorch(tensors)) {
    if (!model.startsWith("tf_efficientnet_")) {
      throw new CheckpointError(
        `Cannot load "${path}" into ${model}: it is a network of efficientnet-pytorch, which pads as ` +
          "TensorFlow does, a tf_efficientnet model was needed",
      );
    }
    tensors = toTimmNames(tensors, shapes.keys());
    notes.push("names of efficientnet-pytorch read as timm's");
  }
  const expected = new Map(shapes);
  const left: string[] = [];
  for (const [name, shape] of shapes) {
    const { shape: other } = tensors.get(name) ?? { shape };
    const classes = other[0] !== shape[0] && sameShape(other.slice(1), shape.slice(1));
    if (!isHead(name) || !classes) continue;
    tensors.delete(name);
    expected.delete(name);
    left.push(`${name} (${other[0]} classes)`);
  }
  if (left.length > 0) notes.push(`drawn anew, for another number of classes: ${left.join(", ")}`);
  requireSame({ ...initial, tensors }, model, expected);
  await written(() => requireFinite(tensors), path, model);
  return {
    ...initial,
    tensors: new Map([...tensors, ...freshHead(shapes, expected, seed)]),
    notes,
    headDrawn: left.length > 0,
  };
}

/**
 * The entries of a classifier that weights had for other classes, drawn as PyTorch's `Linear` draws them: within
 * ±1/√in, as after timm's `reset_classifier`. timm's own start, within ±1/√classes, is for training from
 * scratch: on learned features its first loss is near 5, and epochs go into undoing it.
 */
function freshHead(shapes: Shapes, expected: Shapes, seed: number): Map<string, Weight> {
  const left = [...shapes].filter(([name]) => !expected.has(name));
  const [, inner = 1] = [...shapes].find(([name]) => isHead(name))?.[1] ?? [];
  const initial = { kind: "uniform", bound: 1 / Math.sqrt(inner) } as const;
  return new Map(left.map(([name, shape], stream) => {
    const values = draw(initial, size(shape), seed, stream);
    return [name, fromFloats(shape, values)];
  }));
}

/** Puts weights that fit into a session; what they lack keeps its random start. */
export async function startFrom(session: Writable, { tensors }: InitialWeights): Promise<void> {
  session.writeWeights(new Map([...await session.readWeights(), ...tensors]));
}

/** Throws CheckpointError, with the model they are of or all that differs, for other weights. */
function requireSame({ path, tensors }: InitialWeights, model: string, expected: Shapes): void {
  const details = describeDifferences(differences(expected, tensors));
  if (details.length === 0) return;
  const other = recognizeModel(tensors);
  const known = other !== undefined && other !== model;
  const holds = known ? `the weights of ${other}` : "other weights";
  throw new CheckpointError(
    `Cannot load "${path}" into ${model}: it holds ${holds}, those of ${model} were needed`,
    known ? {} : { details },
  );
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
