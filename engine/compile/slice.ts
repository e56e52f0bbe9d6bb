/**
 * Slicing: what is too large for a device to see at once is computed a few images at a time. Graph → graph.
 *
 * A tensor above the limit becomes several, each of consecutive images. What is made of it is made of each
 * of them and, as soon as it is small enough, laid one behind the other or added up. So a batch stays one
 * batch: statistics and gradients are those of all images.
 */

import { constantValues, inCreationOrder, isInput, Tensor, topological } from "../graph.ts";
import { concatenate, imagesOf } from "../ops/layout.ts";
import { storedBytes } from "../shape.ts";
import { bufferBytes, isFeatureMap } from "./formats.ts";
import { kernelOf, MAX_GRID } from "./geometry.ts";
import { allowedBy, type CompileOptions } from "./program.ts";

/** Into how many slices a batch may be divided: 64 of WebGPU's least binding limit are 8 GiB a value. */
const MOST_SLICES = 64;

/** For each of `roots` the tensor that stands for it: itself where nothing is too large. */
export function sliceBatch(
  roots: readonly Tensor[],
  options: CompileOptions,
): ReadonlyMap<Tensor, Tensor> {
  const order = inCreationOrder(topological(roots, (t) => t.operands));
  const most = new Map<number, number>(); // images of a slice, by those of a batch
  for (const t of order) {
    const images = divisible(t) ? imagesSeen(t, options) : Infinity;
    const batch = t.shape[0] ?? 1;
    if (images < batch && images >= 1) most.set(batch, Math.min(images, most.get(batch) ?? batch));
  }
  const slices = Math.max(0, ...most.entries().map(([batch, images]) => Math.ceil(batch / images)));
  // Beyond MOST_SLICES no device has the memory: whole, the value is named when it gets a place.
  if (!most.size || slices > MOST_SLICES) return new Map(roots.map((t) => [t, t]));
  const slicer = new Slicer(most, options);
  for (const t of order) slicer.place(t);
  return new Map(roots.map((t) => [t, slicer.whole(t)]));
}

/** Images of `t` that a dispatch can see or compute at once. */
function imagesSeen(t: Tensor, options: CompileOptions): number {
  const { maxBinding } = allowedBy(options);
  const batch = t.shape[0] ?? 1;
  const bytes = bufferBytes(t) / (options.precision === "f16" && isFeatureMap(t) ? 2 : 1);
  const side = t.op.kernel ? Math.max(...kernelOf(t, options).grid) : 1;
  return Math.min(
    bytes > maxBinding ? Math.floor(batch * maxBinding / bytes) : batch,
    side > MAX_GRID ? Math.floor(batch * MAX_GRID / side) : batch,
  );
}

/** Whether `t` can be computed for some images alone. */
function divisible({ op, operands, shape }: Tensor): boolean {
  if (op.view && !op.batch?.remake && operands[0]!.shape[0] !== shape[0]) return false;
  return op.batch !== undefined || op.pointwise !== undefined && !op.positional;
}

/** A tensor, a few images at a time. */
interface Slices {
  readonly tensors: readonly Tensor[];
  /** Images that each is of, or is made from. */
  readonly counts: readonly number[];
}

class Slicer {
  /** What stands for each tensor, where it is one. */
  readonly #wholes = new Map<Tensor, Tensor>();
  readonly #slices = new Map<Tensor, Slices>();
  readonly #most: ReadonlyMap<number, number>;
  readonly #options: CompileOptions;

  constructor(most: ReadonlyMap<number, number>, options: CompileOptions) {
    this.#most = most;
    this.#options = options;
  }

  /** Makes what stands for `t`, whose operands have been placed. */
  place(t: Tensor): void {
    if (isInput(t) || constantValues(t)) {
      this.#wholes.set(t, t);
      return;
    }
    const { maxBinding } = allowedBy(this.#options);
    const batch = t.shape[0] ?? 1;
    const shared = sharedOperands(t);
    const large = divisible(t) && this.#most.has(batch) && imagesSeen(t, this.#options) < batch;
    const apart = t.operands.find((x, i) => divisible(t) && shared[i] && !this.#wholes.has(x));
    if (!large && !apart) {
      this.#wholes.set(t, remade(t, t.operands.map((x) => this.whole(x))));
      return;
    }
    const counts = apart ? this.#slices.get(apart)!.counts : this.#counts(batch);
    const tensors = counts.map((_, k) => this.#slice(t, counts, k));
    this.#slices.set(t, { tensors, counts });
    if (large || t.op.batch?.strips || storedBytes(t.shape) > maxBinding) return;
    const whole = t.op.batch?.join?.(t, tensors, counts) ?? concatenate(tensors, t.shape);
    whole.label = t.label;
    this.#wholes.set(t, whole);
  }

  /** What stands for all of `x`; too large for a device where only slices of it are known. */
  whole(x: Tensor): Tensor {
    const whole = this.#wholes.get(x) ?? concatenate(this.#slices.get(x)!.tensors, x.shape);
    this.#wholes.set(x, whole);
    return whole;
  }

  /** Images of each slice of a batch. */
  #counts(batch: number): number[] {
    const count = Math.ceil(batch / this.#most.get(batch)!);
    return Array.from(
      { length: count },
      (_, k) => Math.floor((k + 1) * batch / count) - Math.floor(k * batch / count),
    );
  }

  /** `t` of the images of slice `k` alone. */
  #slice(t: Tensor, counts: readonly number[], k: number): Tensor {
    const shared = sharedOperands(t);
    const operands = t.operands.map((x, i) =>
      shared[i] ? this.#slicesOf(x, counts)[k]! : this.whole(x)
    );
    return remade(t, operands, counts[k]! / counts.reduce((a, b) => a + b));
  }

  /** `x`, which has the images of a batch along its first axis, slice by slice. */
  #slicesOf(x: Tensor, counts: readonly number[]): readonly Tensor[] {
    const known = this.#slices.get(x);
    if (known) return known.tensors;
    // What is computed where it is read is computed for the slice, not looked for in memory.
    const passing = divisible(x) && (x.op.pointwise || x.op.view);
    let from = 0;
    const tensors = counts.map((count, k) => {
      from += count;
      return passing ? this.#slice(x, counts, k) : imagesOf(this.whole(x), from - count, count);
    });
    this.#slices.set(x, { tensors, counts });
    return tensors;
  }
}

/** Which operands of `t` have the images of a batch along their first axis. */
function sharedOperands(t: Tensor): boolean[] {
  if (t.op.batch) return t.operands.map((_, i) => i < t.op.batch!.of);
  return t.operands.map(({ shape }) =>
    shape.length === t.shape.length && shape[0] === t.shape[0] && shape[0]! > 1
  );
}

/** `t` made of other operands, which have `share` of its images. */
function remade(t: Tensor, operands: readonly Tensor[], share = 1): Tensor {
  const made = t.op.batch?.remake?.(t, operands) ??
    new Tensor(
      t.op,
      operands,
      share === 1 ? t.shape : [t.shape[0]! * share, ...t.shape.slice(1)],
      t.attrs,
    );
  made.label = t.label;
  return made;
}
