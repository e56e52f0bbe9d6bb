/** A worker that decodes the same images over and over: what a loader could reach if it cost nothing. */

import { openDecoder } from "../data/decode.ts";
import { type Library, loadSharp } from "../data/native.ts";
import { apply } from "../data/transforms/operations.ts";
import { resize, shorterSide } from "../data/transforms/resize.ts";

/** What the worker is told, once. */
export interface DecodeTask {
  readonly images: readonly Uint8Array[];
  readonly library: Library | undefined;
  /** Pixels of the shorter side after decoding; if not given, the library alone makes raw pixels of a file. */
  readonly short?: number;
  readonly seconds: number;
}

/** What the worker says: when it could begin, and how many images it did. */
export type DecodeReply = "ready" | number;

/** The few names of a worker's global scope used here. */
interface Scope {
  onmessage: ((event: MessageEvent<DecodeTask | "go">) => void) | null;
  postMessage(reply: DecodeReply): void;
}

const scope = globalThis as unknown as Scope;

/** Nothing but the library: no header is read before, nothing is turned, checked or converted. */
async function aloneBy(library: Library | undefined): Promise<(bytes: Uint8Array) => unknown> {
  const sharp = library === undefined || library === "sharp" ? await loadSharp() : undefined;
  if (sharp) return (bytes) => sharp(bytes).raw().toBuffer();
  const decoder = await openDecoder(library);
  return (bytes) => decoder.decode(bytes, "image");
}

async function preparedBy(
  library: Library | undefined,
  short: number,
): Promise<(bytes: Uint8Array) => unknown> {
  const decoder = await openDecoder(library);
  return async (bytes) => {
    const image = await decoder.decode(bytes, "image");
    await apply(image, [resize(shorterSide(image, short))]);
  };
}

let begin: () => void = () => {};

async function work({ images, library, short, seconds }: DecodeTask): Promise<void> {
  const run = await (short === undefined ? aloneBy(library) : preparedBy(library, short));
  // Until the engine has made fast code of all of it.
  const warm = performance.now();
  for (let i = 0; performance.now() - warm < 500 * seconds; i++) {
    await run(images[i % images.length]!);
  }
  const begun = new Promise<void>((resolve) => begin = resolve);
  scope.postMessage("ready");
  await begun;
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < 1000 * seconds) await run(images[done++ % images.length]!);
  scope.postMessage(done);
}

scope.onmessage = ({ data }) => {
  if (data === "go") begin();
  else void work(data);
};
