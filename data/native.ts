/** Finds the image library that may run here. Holds no pixels. */

/** Name of an image library. */
export type Library = "sharp" | "jsquash" | "imagescript";

/** sharp's main function, or undefined where native code is not there or not allowed. */
export async function loadSharp(): Promise<typeof import("sharp").default | undefined> {
  try {
    const { default: sharp } = await import("sharp");
    // Images are spread over workers: threads and a cache of operations inside each only cost.
    sharp.concurrency(1);
    sharp.cache(false);
    // A drawing is a program with text, links and any size it likes; Pillow does not read it either.
    sharp.block({ operation: ["VipsForeignLoadSvg"] });
    return sharp;
  } catch {
    return undefined;
  }
}
