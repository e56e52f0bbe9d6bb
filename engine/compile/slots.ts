/** Slots: which buffer holds which tensor, and for how long. The sizes of a plan; no order, no text. */

import { constantValues, isInput, type Tensor } from "../graph.ts";
import { packOffsets } from "../ops/layout.ts";
import { bufferBytes } from "./formats.ts";
import { aligned } from "./gather.ts";
import type { Owners } from "./plan.ts";
import { type Buffer, type CompileOptions, type Location, MemoryError } from "./program.ts";
import { type Step, written } from "./steps.ts";

/** What the schedule says of the tensors to place. */
export interface Residents {
  /** Parts that are computed inside a pack. */
  readonly owners: Owners;
  /** Values that are computed into the memory of a state. */
  readonly targets: ReadonlyMap<Tensor, Tensor>;
  /** Tensors that are read after the step. */
  readonly pinned: ReadonlySet<Tensor>;
  /** Inputs, states and packs: they have a buffer of their own. */
  readonly fixed: readonly Tensor[];
  readonly constants: readonly Tensor[];
  /** Values and packs that share a buffer, by any key. */
  readonly shared: ReadonlyMap<Tensor, readonly Tensor[]>;
  /** Values that lie side by side in a workspace, list after list in the same one. */
  readonly waiting: readonly (readonly Tensor[])[];
  /** Values that are kept as halves: none of the others listed here. */
  readonly halves: ReadonlySet<Tensor>;
}

/**
 * Gives every stored tensor its memory. Those that live within the step share slots: whole buffers,
 * taken in turn, because a dispatch may not read and write one buffer.
 */
export function allocate(
  steps: readonly Step[],
  residents: Residents,
  options: CompileOptions,
): { places: Map<Tensor, Location>; buffers: Buffer[] } {
  const { owners, targets, pinned, halves } = residents;
  const places = new Map<Tensor, Location>();
  const buffers: { size: number; readonly holds?: Tensor }[] = [];
  const placeAlone = (t: Tensor, holds?: Tensor) => {
    if (places.has(t)) return;
    checkFits(t, options);
    places.set(t, { buffer: buffers.length, offset: 0 });
    buffers.push({ size: bufferBytes(t), ...(holds && { holds }) });
  };
  const placeTogether = (lists: readonly (readonly Tensor[])[]) => {
    let most = 0;
    for (const values of lists) {
      let size = 0;
      for (const t of values) {
        checkFits(t, options);
        places.set(t, { buffer: buffers.length, offset: size });
        size += aligned(t);
      }
      most = Math.max(most, size);
    }
    buffers.push({ size: most });
  };
  for (const values of residents.shared.values()) placeTogether([values]);
  if (residents.waiting.length) placeTogether(residents.waiting);
  for (const t of residents.fixed) placeAlone(t, packOffsets(t) ? undefined : t);
  for (const t of residents.constants) placeAlone(t, t);

  const last = lastUses(steps);
  const passing: Passing[] = [];
  steps.forEach((step, from) => {
    for (const t of written(step)) {
      const owner = owners.get(t);
      const state = targets.get(t);
      if (places.has(t)) continue;
      if (owner) {
        const { buffer, offset } = places.get(owner.pack)!;
        places.set(t, { buffer, offset: offset + owner.offset * 16 });
      } else if (state) {
        places.set(t, places.get(state)!);
      } else if (pinned.has(t)) {
        placeAlone(t);
      } else {
        checkFits(t, options, halves);
        passing.push({ t, from, to: last.get(t) ?? from, bytes: bufferBytes(t, halves) });
      }
    }
  });
  for (const slot of share(passing)) {
    for (const { t } of slot) places.set(t, { buffer: buffers.length, offset: 0 });
    buffers.push({ size: slot[0]!.bytes });
  }
  return { places, buffers };
}

/** A value that lives within the step: from the step that writes it to the last that reads it. */
interface Passing {
  readonly t: Tensor;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/**
 * Divides values among slots so that no two of a slot live at one time, the largest of each first. Larger
 * values choose first, and of the slots that are free the smallest: "greedy by size" of Pisarchyk and Lee
 * 2020, arXiv:2001.03288.
 */
function share(values: readonly Passing[]): Passing[][] {
  const slots: Passing[][] = [];
  const bySize = [...values].sort((a, b) => b.bytes - a.bytes);
  for (const value of bySize) {
    const slot = slots.findLast((slot) =>
      slot.every((other) => other.to < value.from || value.to < other.from)
    );
    if (slot) slot.push(value);
    else slots.push([value]);
  }
  return slots;
}

/** The index of the last step that reads each tensor. */
function lastUses(steps: readonly Step[]): Map<Tensor, number> {
  const last = new Map<Tensor, number>();
  steps.forEach(({ reads }, i) => reads.forEach((t) => last.set(t, i)));
  return last;
}

/** Throws MemoryError where a tensor is larger than a dispatch of the device can see. */
function checkFits(t: Tensor, options: CompileOptions, halves?: ReadonlySet<Tensor>): void {
  const limit = options.maxBinding ?? 2 ** 27;
  const bytes = bufferBytes(t, halves);
  if (bytes <= limit) return;
  const mebibytes = (n: number) => (n / 2 ** 20).toFixed(0);
  const fits = Math.floor((t.shape[0] ?? 1) * limit / bytes);
  const arena = packOffsets(t) !== undefined || isInput(t) && t.shape.length === 2;
  const advice = t.shape.length > 1 && !constantValues(t) && !arena && fits > 0
    ? `a batch of ${fits} or fewer would fit`
    : "a smaller image size or model is needed";
  throw new MemoryError(
    `Cannot place ${t}: it takes ${mebibytes(bytes)} MiB, this device sees ${
      mebibytes(limit)
    } MiB ` +
      `at once; ${advice}`,
  );
}
