/** Files of `torch.save`, old and new, as named tensors. Executes nothing and knows no model. */

import { ByteReader } from "./byte_reader.ts";
import { unpickle } from "./pickle.ts";
import type { Weight } from "./safetensors.ts";
import { GLOBALS, readTensor, storageOf, type TorchStorage, TorchTensor } from "./torch_tensor.ts";
import { zipContent, zipEntries, type ZipEntry } from "./zip.ts";

/** The tensors of a file. */
export interface TorchFile {
  /** By name, in the order of the state dict. */
  readonly tensors: ReadonlyMap<string, Weight>;
  /** Under which name the state dict was found in a training checkpoint. */
  readonly part?: string;
}

/** Where training scripts keep weights in a checkpoint, what timm prefers first. */
const PARTS = ["state_dict_ema", "model_ema", "state_dict", "model"];

/**
 * How many times as large as their storages all tensors may be: they may share one (tied weights), but
 * a small file may not claim any size.
 */
const MAX_SHARING = 8;

/** A pickled value and the bytes of its storages. */
interface Container {
  readonly value: unknown;
  /** Undefined for a storage that is not there. */
  readonly content: (key: string) => Promise<Uint8Array | undefined>;
}

/**
 * Reads the state dict in a file of `torch.save`: the ZIP format, or the one before PyTorch 1.6. In a
 * checkpoint of a training script it is the moving average, where there is one, or the weights. Rejects
 * with SyntaxError for anything else, with the name of a class or function that the file would run.
 */
export async function readTorchFile(bytes: Uint8Array): Promise<TorchFile> {
  const { value, content } = isZip(bytes) ? await openZip(bytes) : openLegacy(bytes);
  const { part, state } = stateDict(value);
  const storages = await readStorages(state, content);
  const tensors = new Map<string, Weight>();
  for (const [name, tensor] of state) {
    tensors.set(name, readTensor(tensor, storages.get(tensor.storage.key)!));
  }
  return part === undefined ? { tensors } : { tensors, part };
}

/** Whether bytes are a ZIP archive. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** `<any name>/data.pkl`, `<any name>/data/<key>`, as PyTorch 1.6 and later writes. */
async function openZip(bytes: Uint8Array): Promise<Container> {
  const entries = zipEntries(bytes);
  const pickle = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw broken("it is a ZIP archive without data.pkl", "one was needed");
  const folder = pickle.slice(0, -"data.pkl".length);
  const read = async (name: string) => {
    const entry: ZipEntry | undefined = entries.get(folder + name);
    return entry && await zipContent(entry);
  };
  if (entries.has(`${folder}constants.pkl`)) {
    throw broken("it is a TorchScript program", "the state dict of its model was needed");
  }
  const order = await read("byteorder");
  if (order && new TextDecoder().decode(order) !== "little") {
    throw broken("its numbers are big-endian", "little-endian ones were needed");
  }
  const { value } = unpickle((await read("data.pkl"))!, OPTIONS);
  return { value, content: (key) => read(`data/${key}`) };
}

/** `0x1950a86a20f9469cfc6c`, which begins files of the old format. */
const MAGIC = 0x1950a86a20f9469cfc6cn;

/** Pickles of magic, version, machine, value and keys, then each storage's count and numbers. */
function openLegacy(bytes: Uint8Array): Container {
  let at = 0;
  const next = () => {
    const { value, end } = unpickle(bytes, { ...OPTIONS, at });
    at = end;
    return value;
  };
  const [magic, version, machine] = [next(), next(), next()];
  const little = machine instanceof Map && machine.get("little_endian") === true;
  if (magic !== MAGIC || version !== 1001 || !little) {
    throw broken("it is a pickle of another kind", "one that torch.save wrote was needed");
  }
  const named = new Map<string, TorchStorage>();
  const value = unpickle(bytes, {
    ...OPTIONS,
    at,
    persistent: (id) => {
      const storage = storageOf(id);
      named.set(storage.key, storage);
      return storage;
    },
  });
  at = value.end;
  const keys = next();
  const reader = new ByteReader(bytes, "the PyTorch file", at);
  const storages = new Map<string, Uint8Array>();
  for (const key of Array.isArray(keys) ? keys : []) {
    const storage = named.get(key);
    if (!storage || storages.has(key) || reader.unsigned(8) !== storage.size) {
      throw broken("it has the numbers of another storage", "those that tensors have were needed");
    }
    storages.set(key, reader.take(storage.size * storage.bytes));
  }
  if (reader.at !== bytes.length) {
    throw broken(`it has ${bytes.length} bytes`, `its storages need ${reader.at}`);
  }
  return { value: value.value, content: (key) => Promise.resolve(storages.get(key)) };
}

const OPTIONS = { globals: GLOBALS, persistent: storageOf };

/** The dict of tensors in a file's value. */
function stateDict(value: unknown): {
  readonly part?: string;
  readonly state: ReadonlyMap<string, TorchTensor>;
} {
  if (!(value instanceof Map)) throw broken("it holds no dict", "a state dict was needed");
  const part = PARTS.find((name) => value.get(name) instanceof Map);
  const found: Map<unknown, unknown> = part === undefined ? value : value.get(part);
  const state = new Map<string, TorchTensor>();
  for (const [name, tensor] of found) {
    if (typeof name !== "string" || !(tensor instanceof TorchTensor)) {
      throw broken(
        `its entry ${show(name)} is no tensor`,
        `a state dict, or one under ${PARTS.join(", ")}, was needed`,
      );
    }
    state.set(name, tensor);
  }
  return part === undefined ? { state } : { part, state };
}

/** The bytes of every storage that tensors have, at places that are multiples of 8. */
async function readStorages(
  state: ReadonlyMap<string, TorchTensor>,
  content: Container["content"],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const storages = new Map<string, Uint8Array>();
  let [stored, taken] = [0, 0];
  for (const [name, { storage, shape }] of state) {
    const { key, size, bytes } = storage;
    taken += shape.reduce((product, n) => product * n, bytes);
    const known = storages.get(key) ?? await content(key);
    if (known?.length !== size * bytes) {
      throw broken(
        `the numbers of ${show(name)} have ${known?.length ?? 0} bytes`,
        `${size * bytes} were needed`,
      );
    }
    if (storages.has(key)) continue;
    stored += known.length;
    storages.set(key, known.byteOffset % 8 === 0 ? known : known.slice());
  }
  if (taken > MAX_SHARING * stored) {
    throw broken(
      `its tensors have ${taken} bytes, its storages ${stored}`,
      `at most ${MAX_SHARING} times as many were needed`,
    );
  }
  return storages;
}

function show(name: unknown): string {
  const shown = typeof name === "string" ? JSON.stringify(name) : `of a ${typeof name}`;
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}

function broken(is: string, needed: string): SyntaxError {
  return new SyntaxError(`Cannot read the PyTorch file: ${is}, ${needed}`);
}
