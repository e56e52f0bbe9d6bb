/** The images of samples for batches, from a cache or through workers. Chooses no sample and makes no batch. */
import type { Cache, Key } from "./cache/cache.ts";
import type { Files } from "./files.ts";
import type { Image } from "./image.ts";
import { readImageFile } from "./image_file.ts";
import type { Placed } from "./pipeline.ts";
import type { Pool } from "./pool.ts";
import { type Finished, finishView, type Work } from "./prepare.ts";
import type { Sample } from "./sample.ts";

/** Steps that are the same every time, and what caches call their results. */
export interface Prefix {
  readonly text: string;
  readonly steps: readonly Placed[];
}

/** What is done to an image after the prefix, and where its pixels go. */
export interface Wanted {
  readonly work: Work;
  readonly into: Uint8Array;
}

/** Prepares images once where a cache keeps them. */
export class Supply {
  readonly #files: Files;
  readonly #pool: Pool;
  readonly #cache: Cache;
  /** Images under way, so that one drawn twice is prepared once. */
  readonly #preparing = new Map<string, Promise<Image>>();

  /** Files are read by `files`, work is done by `pool`, results are kept by `cache`. */
  constructor(files: Files, pool: Pool, cache: Cache) {
    this.#files = files;
    this.#pool = pool;
    this.#cache = cache;
  }

  /** Names steps. */
  prefix(steps: readonly Placed[]): Prefix {
    const done = steps.map(({ step: { name, options } }) => `${name} ${JSON.stringify(options)}`);
    return { text: [this.#pool.decoder, ...done].join("; "), steps };
  }

  /** A sample's prepared image, from the cache if it is there. */
  async prepared(sample: Sample, prefix: Prefix): Promise<Image> {
    const key = { prefix: prefix.text, path: sample.path };
    return await this.#cache.get(key) ?? await this.#prepare(sample, key, prefix);
  }

  /** Writes what is wanted of a sample: at once where its image is kept and only cut and mirrored. */
  write(sample: Sample, prefix: Prefix, { work, into }: Wanted): Finished | Promise<Finished> {
    const key = { prefix: prefix.text, path: sample.path };
    const kept = this.#cache.get(key);
    const after = (image: Image) =>
      finishView(image, work, into) ?? this.#pool.finish(image, work, into);
    const make = async (): Promise<Finished> => {
      if (this.#cache.open) return await after(await this.#prepare(sample, key, prefix));
      // In one go: what a crop leaves out is not even resized.
      const steps = [...prefix.steps, ...work.steps];
      return await this.#pool.finish(
        () => readImageFile(this.#files, sample),
        { ...work, steps },
        into,
      );
    };
    if (kept instanceof Promise) return kept.then((image) => image ? after(image) : make());
    if (!kept) return make();
    try {
      return after(kept);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #prepare({ name, path }: Sample, key: Key, { steps }: Prefix): Promise<Image> {
    const id = `${key.prefix}; ${path}`;
    let image = this.#preparing.get(id);
    if (!image) {
      const work = { name, steps, keys: [], known: {} };
      image = this.#pool.prepare(() => readImageFile(this.#files, { name, path }), work).then(
        async (image) => {
          await this.#cache.put(key, image);
          return image;
        },
      ).finally(() => this.#preparing.delete(id));
      this.#preparing.set(id, image);
    }
    return image;
  }
}
