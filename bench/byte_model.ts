/** What a training step would move and keep for an image, computed on paper: numbers to hold a program against. */

/** Bytes for an image, float32; weights, their gradients and the optimizer are left out. */
export interface ModelBytes {
  /** Read and written where every op is a kernel of its own, as frameworks run them. */
  readonly eager: number;
  /** Read and written where convolutions alone store what they compute, and all else is computed where it is read. */
  readonly fused: number;
  /** Kept from the forward pass for the backward pass, in either way. */
  readonly eagerKept: number;
  readonly fusedKept: number;
}

/**
 * Counted layer by layer: each element that a kernel reads or writes, once. With the published throughput of
 * PyTorch and TensorFlow on five GPUs, the eager bytes amount to 32 to 56 % of what their memory can move.
 */
const COUNTED: Readonly<
  Record<string, { readonly size: number; readonly megabytes: readonly number[] }>
> = {
  "efficientnet_b0": { size: 224, megabytes: [597, 256, 86.3, 29.3] },
  "efficientnet_b4": { size: 320, megabytes: [3170, 1368, 454, 152] },
};

/** The count for a model, in proportion to the pixels of square images; undefined where none was made. */
export function modelBytes(model: string, size: number): ModelBytes | undefined {
  const counted = COUNTED[model];
  if (!counted) return undefined;
  const scale = 1e6 * (size / counted.size) ** 2;
  const [eager, fused, eagerKept, fusedKept] = counted.megabytes.map((m) => m * scale) as [
    number,
    number,
    number,
    number,
  ];
  return { eager, fused, eagerKept, fusedKept };
}
