/** Weight files of any kind, told apart by their first bytes. Knows no model and no file system. */

import { toModelTypes } from "./float32.ts";
import { parseSafetensors, type Weight } from "./safetensors.ts";
import { isZip, readTorchFile } from "./torch_file.ts";

/** What a weight file holds. */
export interface WeightFile {
  /** By the names of the file, F32 and I64 where they were other types of numbers. */
  readonly tensors: ReadonlyMap<string, Weight>;
  /** The metadata of a safetensors file, empty for others. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What a person should know of how it was read, as sentences without a period. */
  readonly notes: readonly string[];
}

/** What wrappers of PyTorch put before every name of a state dict: DataParallel, and `torch.compile`. */
const WRAPPERS = ["module.", "_orig_mod."];

/**
 * Reads safetensors or a file of `torch.save` (`.pth`, `.pt`, `.bin`, `.pth.tar`), whatever its name, and
 * executes nothing. Halves and doubles become F32; names lose what wrappers of PyTorch put before them.
 * Rejects with SyntaxError saying what is wrong.
 */
export async function readWeightFile(bytes: Uint8Array): Promise<WeightFile> {
  const { tensors: stored, metadata = {}, notes } = await openFile(bytes);
  const { tensors: unwrapped, wrapper } = unwrap(stored);
  const { tensors, notes: conversions } = toModelTypes(unwrapped);
  return {
    tensors,
    metadata,
    notes: [
      ...notes,
      ...(wrapper === "" ? [] : [`"${wrapper}" left out before every name`]),
      ...conversions,
    ],
  };
}

async function openFile(
  bytes: Uint8Array,
): Promise<Pick<WeightFile, "tensors" | "notes"> & Partial<WeightFile>> {
  const isPickle = bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5;
  if (isZip(bytes) || (isPickle && bytes[8] !== 0x7b)) {
    const { tensors, part } = await readTorchFile(bytes);
    return { tensors, notes: part === undefined ? [] : [`Read "${part}" of the checkpoint`] };
  }
  if (bytes[8] !== 0x7b) {
    const other = otherKind(bytes);
    throw new SyntaxError(
      `Cannot read the weights: it is ${other}, safetensors or a file of torch.save was needed`,
    );
  }
  return { ...parseSafetensors(bytes), notes: [] };
}

/** What people have in place of weights. */
function otherKind(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 200));
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return "a web page";
  if (text.startsWith("version https://git-lfs")) {
    return "a pointer of Git LFS, not the file itself";
  }
  return bytes.length === 0 ? "empty" : `${bytes.length} bytes of another kind`;
}

/** Names without what all of them begin with because of wrappers. */
function unwrap(tensors: ReadonlyMap<string, Weight>): {
  readonly tensors: ReadonlyMap<string, Weight>;
  readonly wrapper: string;
} {
  const names = [...tensors.keys()];
  let wrapper = "";
  const next = () => WRAPPERS.find((p) => names.every((name) => name.startsWith(wrapper + p)));
  while (names.length > 0 && next() !== undefined) wrapper += next();
  const bare = [...tensors].map(([name, weight]) => [name.slice(wrapper.length), weight] as const);
  return { tensors: new Map(bare), wrapper };
}
