/** The way of one image from its file to what a batch holds. Reads no file and makes no batch. */
import type { Decoder } from "./decode.ts";
import { DataError } from "./errors.ts";
import { type Image, MAX_PIXELS } from "./image.ts";
import { type Choice, draw, type Drawn, type Placed } from "./pipeline.ts";
import { apply, resizedBy } from "./transforms/operations.ts";
import type { Subject } from "./transforms/transform.ts";

/** What is done to an image. */
export interface Work {
  /** What errors call it. */
  readonly name: string;
  readonly steps: readonly Placed[];
  /** Steps that another will do: only chosen for. */
  readonly later?: readonly Placed[];
  /** What all random choices are functions of. */
  readonly keys: readonly number[];
  /** What the choices may depend on, apart from the size. */
  readonly known: Pick<Subject, "label" | "pass">;
}

/** An image that is ready for a batch. */
export interface Finished {
  /** [height, width, 4]: red green blue and a 0. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Its class, which transforms may have changed; −1 when unknown. */
  readonly label: number;
  /** What was chosen for the later steps. */
  readonly left: readonly Drawn[];
}

/** Throws {@linkcode DataError} when an operation would make an image too large. */
function requireRoom({ width, height }: Image, name: string, { drawn }: Choice): void {
  let size = { width, height };
  for (const one of drawn) {
    const next = resizedBy(size, one);
    if (next.width * next.height > MAX_PIXELS) {
      throw new DataError(
        `Cannot resize ${name}: ${size.width} × ${size.height} would become ` +
          `${next.width} × ${next.height}, at most ${MAX_PIXELS} pixels were needed`,
      );
    }
    size = next;
  }
}

/** The image after its steps, and what was chosen. Throws {@linkcode DataError} for one that does not fit them. */
async function worked(image: Image, { name, steps, keys, known }: Work) {
  try {
    const { width, height } = image;
    const choice = draw(steps, keys, { ...known, width, height });
    requireRoom(image, name, choice);
    return { image: await apply(image, choice.drawn), choice };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DataError(`Cannot use ${name}: ${error.message}`);
  }
}

/** The image in `bytes` after steps that are the same every time. Throws {@linkcode DataError}. */
export async function prepare(decoder: Decoder, bytes: Uint8Array, work: Work): Promise<Image> {
  return (await worked(await decoder.decode(bytes, work.name), work)).image;
}

/** A prepared image after the steps that follow, for a batch. Throws {@linkcode DataError}. */
export async function finish(prepared: Image, work: Work): Promise<Finished> {
  const { image, choice } = await worked(prepared, work);
  const later = draw(work.later ?? [], work.keys, choice.image);
  return { pixels: packed(image), label: later.image.label ?? -1, left: later.drawn };
}

/** [h, w, 4], the last byte 0, so that the device reads a pixel as one word. */
export function packed({ width, height, data }: Image): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(width * height * 4);
  let from = 0;
  for (let to = 0; to < pixels.length; to += 4) {
    pixels[to] = data[from++]!;
    pixels[to + 1] = data[from++]!;
    pixels[to + 2] = data[from++]!;
  }
  return pixels;
}
