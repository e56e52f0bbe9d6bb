/** Flat grey images in memory, brighter for the higher class, as a loader gives them. No files. */

import { shuffled, uniform } from "../../data/random.ts";
import type { Batch, LoaderOptions } from "../../data/loader.ts";
import type { ImageSet } from "../../train/evaluate.ts";

/** `count` images of 2 × 2 pixels, classes in turn, greys overlapping a little. */
export function greys(count: number, { classes = 2, key = 0 } = {}): ImageSet {
  const grey = (i: number) => 255 * ((i % classes) + 0.25 + 1.2 * uniform(key, i)) / (classes + 1);
  return {
    count,
    loader: {
      async *batches(options: LoaderOptions): AsyncGenerator<Batch, void, undefined> {
        const { batch, train, seed, epoch, pass = 0 } = options;
        const order = train ? [...shuffled(count, seed, epoch)] : [...Array(count).keys()];
        const steps = train ? Math.floor(count / batch) : Math.ceil(count / batch);
        for (let step = 0; step < steps; step++) {
          await Promise.resolve();
          const indices = Int32Array.from(
            { length: batch },
            (_, row) => order[step * batch + row] ?? -1,
          );
          const images = new Uint8Array(batch * 16);
          indices.forEach((i, row) => {
            const shift = pass === 0 ? 0 : 40 * (uniform(seed, pass, i + 1) - 0.5);
            for (let pixel = 0; pixel < 16; pixel += 4) {
              const value = Math.max(0, Math.min(255, grey(i) + shift));
              if (i >= 0) images.fill(value, row * 16 + pixel, row * 16 + pixel + 3);
            }
          });
          yield {
            images,
            indices,
            labels: indices.map((i) => i < 0 ? -1 : i % classes),
            weights: Float32Array.from(indices, (i) => i < 0 ? 0 : 1),
            waited: 0,
          };
        }
      },
    },
  };
}
