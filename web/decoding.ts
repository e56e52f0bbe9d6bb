/** How images are decoded in a tab: by workers that are this bundle under another name. Reads no file. */
/// <reference lib="dom" />

import { type Codec, type LoaderSettings, MemoryCache, withoutAlpha } from "../run.ts";

/** The name of a worker that decodes. */
export const DECODER = "decoder";

/** Bytes of prepared images that are kept for later epochs; all others are decoded again. */
const CACHE_BYTES = 256 * 2 ** 20;

/** Starts a decoder. */
function startWorker(): Worker {
  return new Worker(self.location.href, { type: "module", name: DECODER });
}

/** How loaders of a tab work; what they prepare is shared. */
export function loaderSettings(): LoaderSettings {
  const workers = Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1));
  return { workers, cache: new MemoryCache(CACHE_BYTES), library: "jsquash", startWorker };
}

/** What the browser itself decodes for libraries that read fewer formats: GIF, and JPEG in inks. */
export const browserCodec: Codec = {
  library: "jsquash",
  version: "the browser's own",
  formats: ["jpeg", "png", "webp", "gif", "avif"],
  async decode(bytes) {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]), {
      colorSpaceConversion: "none",
      imageOrientation: "none" as ImageOrientation,
      premultiplyAlpha: "none",
    });
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return { width, height, data: withoutAlpha(context.getImageData(0, 0, width, height).data) };
  },
};
