/** The way of one image from its file to what a batch holds. Reads no file and makes no batch. */
import { operationsIn } from "./divide.ts";
import { DataError } from "./errors.ts";
import { type Image, MAX_PIXELS, type Size } from "./image.ts";
import { type Choice, draw, type Drawn, type Placed } from "./pipeline.ts";
import { recompress } from "./recompress.ts";
import { crop } from "./transforms/crop.ts";
import { apply, resizedBy } from "./transforms/operations.ts";
import { resize } from "./transforms/resize.ts";
import type { Subject } from "./transforms/transform.ts";
import { viewOf, writeView } from "./view.ts";

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

/** What a batch is told of an image whose pixels it has. */
export interface Finished {
  /** Its class, which transforms may have changed; −1 when unknown. */
  readonly label: number;
  /** What was chosen for the later steps. */
  readonly left: readonly Drawn[];
}

/** Throws {@linkcode DataError} when an operation would make an image too large. */
function requireRoom({ width, height }: Size, name: string, { drawn }: Choice): void {
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

/** What the steps choose for an image. Throws {@linkcode DataError} for one that does not fit them. */
function chosen({ width, height }: Image, { name, steps, keys, known }: Work): Choice {
  try {
    const choice = draw(steps, keys, { ...known, width, height });
    requireRoom({ width, height }, name, choice);
    return choice;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DataError(`Cannot use ${name}: ${error.message}`);
  }
}

/** The image after steps that are the same every time, in memory of its own. Throws {@linkcode DataError}. */
export async function prepare(image: Image, work: Work): Promise<Image> {
  const prepared = await apply(image, chosen(image, work).drawn, recompress);
  // What is transferred must be neither a part of a larger buffer nor memory that a library will free.
  const { data } = prepared;
  const own = data !== image.data && data.byteLength === data.buffer.byteLength;
  return { ...prepared, data: own ? data : data.slice() };
}

/**
 * Writes the image after steps to `into`, [height, width, 4]: red green blue and a 0. Throws {@linkcode DataError}.
 */
export async function finish(image: Image, work: Work, into: Uint8Array): Promise<Finished> {
  const choice = chosen(image, work);
  const { drawn } = choice;
  // Crops behind a resize belong to it, the moves that end a list to the copy into the batch.
  const moved = drawn.findLastIndex(({ name }) => !MOVES.includes(name)) + 1;
  const cut = drawn[moved - 1]?.name === resize.name && drawn[moved]?.name === crop.name ? 1 : 0;
  const before = await apply(image, drawn.slice(0, moved + cut), recompress);
  const moves = drawn.slice(moved + cut);
  const view = viewOf(before, moves);
  if (view) writeView(before, view, into);
  else writeWhole(await apply(before, moves, recompress), into);
  return known(choice, work);
}

/** The same where all that was chosen moves pixels, which takes less time than telling a worker; else undefined. */
export function finishView(prepared: Image, work: Work, into: Uint8Array): Finished | undefined {
  if (!onlyMoves(work.steps)) return undefined;
  const choice = chosen(prepared, work);
  const view = viewOf(prepared, choice.drawn);
  if (!view) return undefined;
  writeView(prepared, view, into);
  return known(choice, work);
}

/** Operations that often leave a view; padding does where the image was large enough. */
const MOVES = ["crop", "pad", "horizontalFlip", "verticalFlip"];

function known({ image }: Choice, { later = [], keys }: Work): Finished {
  const { drawn, image: { label = -1 } } = draw(later, keys, image);
  return { label, left: drawn };
}

/** Whether steps do no more than move pixels, by the list of steps. */
const moving = new WeakMap<readonly Placed[], boolean>();

function onlyMoves(steps: readonly Placed[]): boolean {
  let only = moving.get(steps);
  if (only === undefined) {
    only = steps.every(({ step }) => operationsIn(step).every((name) => MOVES.includes(name)));
    moving.set(steps, only);
  }
  return only;
}

function writeWhole(image: Image, into: Uint8Array): void {
  writeView(image, { ...image, left: 0, top: 0, across: false, down: false }, into);
}

/** All pixels of an image, [height, width, 4], as {@linkcode writeView} writes them. */
export function packed(image: Image): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(image.width * image.height * 4);
  writeWhole(image, pixels);
  return pixels;
}
