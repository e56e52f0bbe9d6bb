/** Memory: the buffers of inputs and states, shared by all programs of a device. */

import type { Tensor } from "../graph.ts";
import { quads, storedIndex } from "../shape.ts";
import { MemoryError } from "../compile/program.ts";
import { bufferBytes } from "../compile/formats.ts";
import type { Device } from "./device.ts";

/** Row-major numbers in the order of a device: the last axis filled up to a multiple of four. */
export function padRows(t: Tensor, values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  if (values.length !== t.size) {
    throw new RangeError(
      `Cannot feed ${t}: ${values.length} numbers were given, ${t.size} were needed`,
    );
  }
  const padded = new Float32Array(quads(t.shape) * 4);
  if (padded.length === values.length) {
    padded.set(values);
    return padded;
  }
  const at = storedIndex(t.shape);
  for (let i = 0; i < values.length; i++) padded[at(i)] = values[i]!;
  return padded;
}

/** The reverse of `padRows`. */
export function unpadRows(t: Tensor, stored: Float32Array): Float32Array {
  if (stored.length === t.size) return stored;
  const at = storedIndex(t.shape);
  return Float32Array.from({ length: t.size }, (_, i) => stored[at(i)]!);
}

/** The numbers of a tensor whose memory, as far as it belongs to it, holds `bytes`. */
export function fromMemory(t: Tensor, bytes: ArrayBuffer): Float32Array {
  if (!t.op.bytes) return unpadRows(t, new Float32Array(bytes));
  const levels = new Uint8Array(bytes);
  return Float32Array.from({ length: t.size }, (_, i) => levels[i + Math.floor(i / 3)]! / 255);
}

/** Inputs and states by tensor. */
export class Memory {
  readonly #buffers = new Map<Tensor, GPUBuffer>();

  /** Memory of `device`, empty at first. */
  constructor(readonly device: Device) {}

  /** The buffer of an input, made when it is first asked for, full of zeros. */
  buffer(t: Tensor): GPUBuffer {
    let buffer = this.#buffers.get(t);
    if (!buffer) {
      buffer = createStorage(this.device, bufferBytes(t), t.label);
      this.#buffers.set(t, buffer);
    }
    return buffer;
  }

  /**
   * Writes an input: numbers in row-major order, or for images four bytes a pixel. Where there is no memory for it,
   * `check` of the device says so.
   */
  write(t: Tensor, values: ArrayLike<number>): void {
    if (this.#buffers.has(t)) return this.#write(t, values);
    const { gpu } = this.device;
    const close = openScopes(gpu, ["out-of-memory", "validation"]);
    try {
      this.#write(t, values);
    } finally {
      close().then((error) => {
        if (error) gpu.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
      }, () => {}); // a device that is lost says so itself
    }
  }

  #write(t: Tensor, values: ArrayLike<number>): void {
    const { queue } = this.device.gpu;
    if (!t.op.bytes) {
      queue.writeBuffer(this.buffer(t), 0, padRows(t, values));
    } else if (values instanceof Uint8Array && values.length === bufferBytes(t)) {
      queue.writeBuffer(this.buffer(t), 0, values as Uint8Array<ArrayBuffer>);
    } else {
      throw new RangeError(`Cannot feed ${t}: a Uint8Array of ${bufferBytes(t)} bytes was needed`);
    }
  }

  /** Frees all buffers. */
  destroy(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
    this.#buffers.clear();
  }
}

/** A storage buffer that can be copied in and out. Throws MemoryError above the device's largest. */
export function createStorage(device: Device, bytes: number, label: string): GPUBuffer {
  const limit = device.gpu.limits.maxBufferSize;
  if (bytes > limit) {
    throw new MemoryError(
      `Cannot make the buffer ${label}: ${bytes} bytes, this device allows ${limit}; ` +
        "a smaller batch or image size is needed",
    );
  }
  return device.gpu.createBuffer({
    size: Math.max(16, Math.ceil(bytes / 4) * 4),
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    label,
  });
}

/** Whether the device has so many bytes at once, beside what it holds; they are freed again. */
export async function canAllocate(device: Device, bytes: number): Promise<boolean> {
  const { gpu } = device;
  const most = Math.floor(gpu.limits.maxBufferSize / 4) * 4;
  const buffers: GPUBuffer[] = [];
  const error = await errorOf(gpu, ["out-of-memory"], () => {
    try {
      for (let left = Math.ceil(bytes / 4) * 4; left > 0; left -= most) {
        buffers.push(createStorage(device, Math.min(left, most), "trial"));
      }
    } finally {
      for (const buffer of buffers) buffer.destroy();
    }
  });
  return error === null;
}

/**
 * Has the device keep errors of these kinds until what is returned is called: that gives the error of the first of
 * `filters` that caught one, for what follows from it is no news.
 */
function openScopes(
  gpu: GPUDevice,
  filters: readonly GPUErrorFilter[],
): () => Promise<GPUError | null> {
  for (const filter of filters) gpu.pushErrorScope(filter);
  // All at once: else scopes of other programs would mix. The last one comes off first.
  return async () => {
    const errors = await Promise.all(filters.map(() => gpu.popErrorScope()));
    return errors.findLast((error) => error !== null) ?? null;
  };
}

/** What the device says against `action`, by the first of `filters`; nothing is left open where it throws. */
export async function errorOf(
  gpu: GPUDevice,
  filters: readonly GPUErrorFilter[],
  action: () => void | Promise<void>,
): Promise<GPUError | null> {
  const close = openScopes(gpu, filters);
  try {
    const pending = action();
    if (pending) await pending; // else nothing may come between
  } catch (error) {
    await close();
    throw error;
  }
  return await close();
}

/**
 * The bytes of a buffer with MAP_READ usage once the device has done all that was submitted before.
 * Throws what went wrong until then, see `check` of {@linkcode Device}.
 */
export async function readStaging(device: Device, staging: GPUBuffer): Promise<ArrayBuffer> {
  let bytes: ArrayBuffer;
  try {
    await staging.mapAsync(GPUMapMode.READ);
    bytes = staging.getMappedRange().slice(0);
    staging.unmap();
  } catch (error) {
    return await explained(device, error);
  }
  device.check();
  return bytes;
}

/** Throws what is wrong with the device, where that may be why there was an `error`, else that. */
export async function explained(device: Device, error: unknown): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve)); // the loss of a device is told after it shows
  device.check();
  throw error;
}
