/** A moment of a run as one safetensors file, and back. Not the place where files lie. */

import type { Files } from "../data/files.ts";
import type { ScheduleState } from "../engine/optim/schedules.ts";
import { IMAGENET_BILINEAR, type Preprocessing } from "../models/pretrained.ts";
import {
  dataStart,
  formatSafetensors,
  parseSafetensors,
  type Weight,
} from "../models/safetensors.ts";
import type { EpochPoint } from "./epoch.ts";
import type { Score } from "./events.ts";

/** A checkpoint cannot be read, written or used: the message is one sentence that names the file. */
export class CheckpointError extends Error {
  /** Tells it from other errors. */
  override readonly name = "CheckpointError";
  /** What a command that meets this error exits with. */
  readonly exitCode = 7;
  /** Lines to read below the message: the names of what does not fit, for instance. */
  readonly details: readonly string[];

  /** An error with this message. */
  constructor(message: string, options: ErrorOptions & { details?: readonly string[] } = {}) {
    super(message, options);
    this.details = options.details ?? [];
  }
}

/** All that prediction needs; with the optimizer's state also all that going on needs. */
export interface Checkpoint {
  /** Name of the architecture. */
  readonly model: string;
  /** Names of the classes; the position is the label. */
  readonly classes: readonly string[];
  /** Side of the square the model sees, in pixels. */
  readonly size: number;
  /** Shorter side that an image is resized to before it is cropped, in pixels. */
  readonly resize: number;
  /** How images are made into numbers. */
  readonly preprocessing: Preprocessing;
  /** Epochs done. */
  readonly epoch: number;
  /** Steps done. */
  readonly step: number;
  /** Seed of the run. */
  readonly seed: number;
  /** The best epoch so far. */
  readonly best?: Score | undefined;
  /** What a schedule that listens has heard so far. */
  readonly schedule?: ScheduleState | undefined;
  /** How far the epoch after those done is; not begun where there is none. */
  readonly within?: EpochPoint | undefined;
  /** Bytes of each file of the run that grows, by name: what is written later is written again on going on. */
  readonly logs?: Readonly<Record<string, number>> | undefined;
  /** The resolved configuration of the run. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** The model's tensors by timm's names. */
  readonly weights: ReadonlyMap<string, Weight>;
  /** The optimizer's tensors; absent in a checkpoint that is only for prediction. */
  readonly optimizer?: ReadonlyMap<string, Weight> | undefined;
}

/** The part of a checkpoint that is no tensor. */
export type CheckpointState = Omit<Checkpoint, "weights" | "optimizer">;

/** Version of the layout in a file's metadata, which has it under the key "verity". */
const VERSION = "1";

/** What the names of the optimizer's tensors begin with in a file. */
const OPTIMIZER = "optimizer.";

/**
 * Writes a checkpoint in place of what is at `path`, as a whole or not at all. The file is one of
 * timm's weight files as well, unless the optimizer's state is in it. Rejects with StorageError when
 * the file system refuses, for want of space for instance.
 */
export async function writeCheckpoint(
  files: Files,
  path: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const { weights, optimizer, ...state } = checkpoint;
  const tensors = new Map(weights);
  for (const [name, weight] of optimizer ?? []) tensors.set(OPTIMIZER + name, weight);
  const text = JSON.stringify({ ...state, optimizer: optimizer !== undefined });
  const plain = formatSafetensors(tensors);
  const bytes = formatSafetensors(tensors, {
    format: "pt",
    verity: VERSION,
    checkpoint: text,
    sha256: await digest(plain.subarray(dataStart(plain))),
    "sha256_header": await digest(headerOf(text, parseSafetensors(plain).tensors)),
  });
  await files.writeAtomic(path, bytes);
}

/**
 * Reads a checkpoint, every byte of which is checked. Rejects with {@linkcode CheckpointError} when
 * there is none, when it is no checkpoint, truncated, damaged, or of another version.
 */
export async function readCheckpoint(files: Files, path: string): Promise<Checkpoint> {
  const refuse = (is: string, needed = "a checkpoint of a run was needed"): never => {
    throw new CheckpointError(`Cannot read the checkpoint "${path}": ${is}, ${needed}`);
  };
  const kind = await files.kind(path);
  if (kind !== "file") refuse(kind === "none" ? "there is no such file" : "it is a directory");
  const bytes = await files.read(path);
  let file: ReturnType<typeof parseSafetensors>;
  try {
    file = parseSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const reason = error.message.replace("Cannot read safetensors: ", "");
    return refuse(`it is no checkpoint, or a truncated one (${reason})`);
  }
  const { format, verity: version, checkpoint: text, ...digests } = file.metadata;
  if (version === undefined) refuse("it holds weights alone");
  if (version !== VERSION) {
    refuse(`it is of version ${version}`, `version ${VERSION} was needed`);
  }
  if (
    format !== "pt" || text === undefined ||
    digests.sha256 !== await digest(bytes.subarray(dataStart(bytes))) ||
    digests["sha256_header"] !== await digest(headerOf(text, file.tensors))
  ) {
    return refuse("it is damaged, its content is not that of its SHA-256");
  }
  const parsed = parseState(text);
  if (parsed === undefined) return refuse("its description lacks a part");
  const { optimizer, ...state } = parsed;
  const tensors = divide(file.tensors);
  return optimizer ? { ...state, ...tensors } : { ...state, weights: tensors.weights };
}

/** The tensors of a file: the model's and the optimizer's. */
function divide(tensors: ReadonlyMap<string, Weight>) {
  const weights = new Map<string, Weight>();
  const optimizer = new Map<string, Weight>();
  for (const [name, weight] of tensors) {
    if (name.startsWith(OPTIMIZER)) optimizer.set(name.slice(OPTIMIZER.length), weight);
    else weights.set(name, weight);
  }
  return { weights, optimizer };
}

/** What a file says beside its tensors; undefined when something is missing or of another kind. */
export function parseState(
  text: string,
): CheckpointState & { readonly optimizer: boolean } | undefined {
  const state = JSON.parse(text);
  if (!isObject(state)) return undefined;
  const { model, classes, best, configuration, optimizer } = state;
  const numbers = [state.size, state.resize, state.epoch, state.step, state.seed];
  const whole = typeof model === "string" && typeof optimizer === "boolean" &&
    isObject(configuration) && isPreprocessing(state.preprocessing) &&
    numbers.every((n) => Number.isSafeInteger(n)) &&
    Array.isArray(classes) && classes.every((name) => typeof name === "string") &&
    (best === undefined || isObject(best)) && isNumbers(state.schedule) &&
    isPoint(state.within) && isNumbers(state.logs);
  if (!whole) return undefined;
  // JSON has no NaN, which the AUC of a single class is.
  for (const key in best) best[key] ??= NaN;
  // Checkpoints of the first version do not say how; there was one way then.
  state.preprocessing ??= IMAGENET_BILINEAR;
  return state as unknown as CheckpointState & { readonly optimizer: boolean };
}

/** Whether a file's preprocessing is one, or is left out. */
function isPreprocessing(value: unknown): boolean {
  if (value === undefined) return true;
  const triple = (t: unknown) =>
    Array.isArray(t) && t.length === 3 && t.every((v) => typeof v === "number");
  return isObject(value) && triple(value.mean) && triple(value.std) &&
    (value.interpolation === "bilinear" || value.interpolation === "bicubic") &&
    (value.tag === undefined || typeof value.tag === "string");
}

/** Whether a file's place in an epoch is one, or is left out. */
function isPoint(value: unknown): boolean {
  const sums = (s: unknown) =>
    isObject(s) && [s.count, s.loss, s.accuracy].every((n) => typeof n === "number");
  return value === undefined ||
    isObject(value) && [value.step, value.read].every((n) => Number.isSafeInteger(n)) &&
      sums(value.mean) && sums(value.now);
}

/** Whether numbers by name are that, or are left out. */
function isNumbers(value: unknown): boolean {
  return value === undefined ||
    isObject(value) && Object.values(value).every((n) => typeof n === "number");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What the second digest is of: the description, and the tensors' names, types and shapes. */
function headerOf(text: string, tensors: ReadonlyMap<string, Weight>): Uint8Array<ArrayBuffer> {
  const list = [...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape]);
  return new TextEncoder().encode(JSON.stringify([text, list]));
}

/** SHA-256 in hexadecimal. */
async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
