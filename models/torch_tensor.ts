/** PyTorch's tensors as its files describe them: a storage, sizes and strides. Opens no file. */

import type { Dtype } from "./dtypes.ts";
import { Global, Inert, type Make } from "./pickle.ts";
import type { Weight } from "./safetensors.ts";

/** Element types by PyTorch's name of the storage. */
const STORAGES: Readonly<Record<string, readonly [dtype: Dtype, bytes: 1 | 2 | 4 | 8]>> = {
  "torch.FloatStorage": ["F32", 4],
  "torch.HalfStorage": ["F16", 2],
  "torch.BFloat16Storage": ["BF16", 2],
  "torch.DoubleStorage": ["F64", 8],
  "torch.LongStorage": ["I64", 8],
  "torch.IntStorage": ["I32", 4],
  "torch.ShortStorage": ["I16", 2],
  "torch.CharStorage": ["I8", 1],
  "torch.ByteStorage": ["U8", 1],
  "torch.BoolStorage": ["BOOL", 1],
};

/**
 * Classes of which a checkpoint holds values beside its weights: a script's arguments (timm, torchvision,
 * DETR), a scheduler's milestones, scores as NumPy's scalars. Nothing is made of them.
 */
const HARMLESS = [
  "argparse.Namespace",
  "pathlib.PosixPath",
  "collections.Counter",
  "__builtin__.set",
  "builtins.set",
  "torch.Size",
  "torch.device",
  "numpy.dtype",
  "numpy.core.multiarray.scalar",
  "numpy._core.multiarray.scalar",
  "_codecs.encode",
];

/** All that a PyTorch file may name. */
export const GLOBALS: ReadonlyMap<string, Make | null> = new Map<string, Make | null>([
  ...Object.keys(STORAGES).map((name) => [name, null] as const),
  ...HARMLESS.map((name) => [name, () => new Inert(name)] as const),
  ["collections.OrderedDict", orderedDict],
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_parameter", ([tensor]) => tensor],
]);

/** Numbers that tensors are views of. */
export class TorchStorage {
  /** `key` names its bytes in the file, `size` counts its elements, each of so many `bytes`. */
  constructor(
    readonly key: string,
    readonly size: number,
    readonly dtype: Dtype,
    readonly bytes: 1 | 2 | 4 | 8,
  ) {}
}

/** A tensor without its numbers. */
export class TorchTensor {
  /** Element [i, j, …] is `storage[offset + i · strides[0] + j · strides[1] + …]`. */
  constructor(
    readonly storage: TorchStorage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** The storage that a persistent id stands for. Throws SyntaxError for any other. */
export function storageOf(id: unknown): TorchStorage {
  const [kind, type, key, , size, view = null] = Array.isArray(id) ? id : [];
  const found = type instanceof Global ? STORAGES[type.name] : undefined;
  if (kind !== "storage" || !found || typeof key !== "string" || !isSize(size) || view !== null) {
    throw broken("it refers to what is no storage", "a storage of numbers was needed");
  }
  return new TorchStorage(key, size, ...found);
}

/** A tensor's numbers, row-major: a copy out of its storage's bytes, which begin at a multiple of 8. */
export function readTensor(
  { storage, offset, shape, strides }: TorchTensor,
  bytes: Uint8Array,
): Weight {
  const { dtype } = storage;
  const count = product(shape);
  const view = [bytes.buffer, bytes.byteOffset, storage.size] as const;
  const gathered = storage.bytes === 1
    ? gather(new Uint8Array(...view), new Uint8Array(count), { offset, shape, strides })
    : storage.bytes === 2
    ? gather(new Uint16Array(...view), new Uint16Array(count), { offset, shape, strides })
    : storage.bytes === 4
    ? gather(new Uint32Array(...view), new Uint32Array(count), { offset, shape, strides })
    : gather(new BigUint64Array(...view), new BigUint64Array(count), { offset, shape, strides });
  return { dtype, shape, data: new Uint8Array(gathered.buffer) };
}

/** Fills `to` with a strided view of `from`. */
function gather<T extends number | bigint, A extends { readonly length: number; [i: number]: T }>(
  from: A,
  to: A,
  { offset, shape, strides }: Pick<TorchTensor, "offset" | "shape" | "strides">,
): A {
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < to.length; i++) {
    to[i] = from[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return to;
}

/** `OrderedDict()`, or of pairs, as Python 2 wrote it. */
function orderedDict([pairs = []]: readonly unknown[]): Map<unknown, unknown> {
  if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw broken("a dict has other items", "pairs were needed");
  }
  return new Map(pairs as [unknown, unknown][]);
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`, the view checked. */
function rebuildTensor(args: readonly unknown[]): TorchTensor {
  const [storage, offset, shape, strides] = args;
  const whole = storage instanceof TorchStorage && isSize(offset) && isSizes(shape) &&
    isSizes(strides) && shape.length === strides.length;
  if (!whole) throw broken("a tensor lacks a part", "storage, offset, sizes, strides were needed");
  const count = product(shape);
  // Repeated elements (an expanded tensor) would let a small file claim any size.
  if (!isSize(count) || count > storage.size) {
    throw broken(
      `a tensor [${shape}] has more elements than its storage`,
      `at most ${storage.size} were needed`,
    );
  }
  const last = shape.reduce((at, size, axis) => at + (size - 1) * strides[axis]!, offset);
  if (count > 0 && !(last < storage.size)) {
    throw broken(
      `a tensor [${shape}] reaches element ${last} of its storage`,
      `there are ${storage.size}`,
    );
  }
  // Copies: what was checked is out of reach of what follows in the pickle.
  return new TorchTensor(storage, offset, [...shape], [...strides]);
}

function product(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Sizes or strides of at most PyTorch's 64 axes. */
function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= 64 && value.every(isSize);
}

function broken(is: string, needed: string): SyntaxError {
  return new SyntaxError(`Cannot read the PyTorch file: ${is}, ${needed}`);
}
