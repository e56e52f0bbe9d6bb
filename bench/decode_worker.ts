/** A worker that decodes the same images over and over: what a loader could reach if it cost nothing. */

import { openDecoder } from "../data/decode.ts";
import type { Library } from "../data/native.ts";
import { apply } from "../data/transforms/operations.ts";
import { resize, shorterSide } from "../data/transforms/resize.ts";

/** What the worker is told, once. */
export interface DecodeTask {
  readonly images: readonly Uint8Array[];
  readonly library: Library | undefined;
  /** Pixels of the shorter side after decoding; no resizing if not given. */
  readonly short?: number;
  readonly seconds: number;
}

/** The few names of a worker's global scope used here. */
interface Scope {
  onmessage: ((event: MessageEvent<DecodeTask>) => void) | null;
  postMessage(imagesPerSecond: number): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = async ({ data: { images, library, short, seconds } }) => {
  const decoder = await openDecoder(library);
  const run = async (bytes: Uint8Array) => {
    const image = await decoder.decode(bytes, "image");
    if (short !== undefined) await apply(image, [resize(shorterSide(image, short))]);
  };
  for (const bytes of images.slice(0, 8)) await run(bytes);
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < 1000 * seconds) await run(images[done++ % images.length]!);
  scope.postMessage(1000 * done / (performance.now() - start));
};
