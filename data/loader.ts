/** Samples to batches of bytes, decoded ahead of time. Chooses no data set and knows no model. */
import {
  divisionOf,
  type Left,
  type LoaderOptions,
  MIXING,
  PASSES,
  requirePossible,
  TRAINING,
} from "./batch_options.ts";
import type { Cache, Key } from "./cache/cache.ts";
import { MemoryCache } from "./cache/memory.ts";
import type { Division } from "./divide.ts";
import { DataError } from "./errors.ts";
import type { Files } from "./files.ts";
import type { Image } from "./image.ts";
import { mixed } from "./mixing.ts";
import type { Library } from "./native.ts";
import { draw, type Placed } from "./pipeline.ts";
import { Pool } from "./pool.ts";
import { type Finished, finishView, type Shown, type Work } from "./prepare.ts";
import type { Sample } from "./sample.ts";
import { epochOrder, type Order, type Sampler } from "./sampler.ts";
import { writeView } from "./view.ts";

export { defaultResize, type Left, type LoaderOptions } from "./batch_options.ts";

/** Images and what is known about them; `n` rows, the last of which may be padding. */
export interface Batch {
  /** [n, size, size, 4]: red green blue and a 0; padding is all 0. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** [n], class numbers; −1 where it is not known and for padding. */
  readonly labels: Int32Array<ArrayBuffer>;
  /** [n, classes] probabilities in place of labels, where images were mixed with each other. */
  readonly targets?: Float32Array;
  /** What is left to do to the images, where kernels for it were named. */
  readonly left?: Left;
  /** [n], 1 for a sample, 0 for padding. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** [n], positions in the list of samples; −1 for padding. */
  readonly indices: Int32Array<ArrayBuffer>;
  /** Seconds the caller waited for this batch. */
  readonly waited: number;
}

/** How a {@linkcode Loader} works. */
export interface LoaderSettings {
  /** Number of workers that decode; as many as there are processors, at most 4, if not given. */
  readonly workers?: number;
  /** Keeps prepared images for later epochs; 512 MiB of memory if not given. */
  readonly cache?: Cache;
  /** How a training epoch chooses its samples; `shuffle` if not given. */
  readonly sampler?: Sampler;
  /** The library that must decode; the best one that runs if not given. */
  readonly library?: Library;
}

/** A sample that cannot be used. */
export interface BadSample {
  /** Its position in the list of samples. */
  readonly index: number;
  /** One sentence that names its file. */
  readonly reason: string;
}

/**
 * Loads samples in batches. All random choices are hashes of seed, epoch and sample, so batches do not depend
 * on the number of workers or on which is done first.
 *
 * Call {@linkcode close} at the end, or the workers keep the program alive.
 */
export class Loader {
  /** What is loaded. */
  readonly samples: readonly Sample[];
  readonly #files: Files;
  readonly #pool: Pool;
  readonly #cache: Cache;
  readonly #sampler: Sampler | undefined;
  /** Images under way, so that one drawn twice is prepared once. */
  readonly #preparing = new Map<string, Promise<Image>>();

  private constructor(
    samples: readonly Sample[],
    files: Files,
    { pool, cache, sampler }: {
      readonly pool: Pool;
      readonly cache: Cache;
      readonly sampler: Sampler | undefined;
    },
  ) {
    this.samples = samples;
    this.#files = files;
    this.#pool = pool;
    this.#cache = cache;
    this.#sampler = sampler;
  }

  /** Starts the workers. */
  static async open(
    samples: readonly Sample[],
    files: Files,
    { workers, cache = new MemoryCache(512 * 2 ** 20), sampler, library }: LoaderSettings = {},
  ): Promise<Loader> {
    const count = workers ?? Math.max(1, Math.min(4, navigator.hardwareConcurrency));
    return new Loader(samples, files, { pool: await Pool.open(count, library), cache, sampler });
  }

  /** The library that decodes: one differs from the other by a level or so. */
  get library(): Library {
    return this.#pool.library;
  }

  /**
   * The batches of one epoch. Reads ahead a few batches. Rejects with DataError at the first sample, in order,
   * whose file cannot be read or decoded; throws RangeError for options that cannot be met.
   */
  async *batches(options: LoaderOptions): AsyncGenerator<Batch, void, undefined> {
    const { batch, train, seed, epoch } = options;
    const count = this.samples.length;
    requirePossible(options, count);
    const order: Order = train
      ? epochOrder(this.samples, { sampler: this.#sampler, seed, epoch })
      : {
        indices: Uint32Array.from({ length: count }, (_, i) => i),
        repeats: new Uint32Array(count),
      };
    const division = divisionOf(options);
    const steps = train ? Math.floor(count / batch) : Math.ceil(count / batch);
    const ahead = Math.max(2, Math.ceil(4 * this.#pool.size / batch));
    const pending: Promise<Omit<Batch, "waited">>[] = [];
    let begun = 0;
    for (let step = 0; step < steps; step++) {
      for (; begun < Math.min(steps, step + 1 + ahead); begun++) {
        const [from, to] = [begun * batch, (begun + 1) * batch];
        const rows = {
          indices: order.indices.subarray(from, to),
          repeats: order.repeats.subarray(from, to),
        };
        const next = this.#load(rows, { division, options, step: begun });
        // Reported when it is this batch's turn, which may never come.
        next.catch(() => {});
        pending.push(next);
      }
      const asked = performance.now();
      const ready = await pending.shift()!;
      yield { ...ready, waited: (performance.now() - asked) / 1000 };
    }
    await this.#cache.flush();
  }

  /**
   * Reads and decodes every sample once, which fills the cache, and returns those that cannot be used, in order.
   * Calls `checked` after each.
   */
  async findBad(
    { checked, ...options }: Pick<LoaderOptions, "size" | "resize" | "interpolation"> & {
      readonly checked?: () => void;
    },
  ): Promise<BadSample[]> {
    const { prefix } = divisionOf({ ...options, batch: 1, train: false, seed: 0, epoch: 0 });
    const bad: BadSample[] = [];
    const check = async (index: number) => {
      try {
        await this.#image(index, prefix);
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        bad.push({ index, reason: error.message });
      }
      checked?.();
    };
    const indices = this.samples.keys();
    // As many side by side as keep the workers busy.
    await Promise.all(Array.from({ length: 4 * this.#pool.size }, async () => {
      for (const index of indices) await check(index);
    }));
    await this.#cache.flush();
    return bad.sort((a, b) => a.index - b.index);
  }

  /** Ends the workers. Batches still asked for are rejected. */
  close(): void {
    this.#pool.close();
  }

  async #load(
    rows: Order,
    { division, options, step }: {
      readonly division: Division;
      readonly options: LoaderOptions;
      readonly step: number;
    },
  ): Promise<Omit<Batch, "waited">> {
    const { batch, size, pass } = options;
    const loading = Array.from(
      rows.indices,
      (index, row) => this.#finished({ index, repeat: rows.repeats[row]! }, division, options),
    );
    for (const image of loading) image.catch(() => {});
    const images = new Uint8Array(batch * size * size * 4);
    const labels = new Int32Array(batch).fill(-1);
    const weights = new Float32Array(batch);
    const indices = new Int32Array(batch).fill(-1);
    const drawn: Left["drawn"][number][] = Array.from({ length: batch }, () => []);
    for (const [row, index] of rows.indices.entries()) {
      const ready = await loading[row]!;
      const { label, left } = ready;
      const pixels = images.subarray(row * size * size * 4, (row + 1) * size * size * 4);
      if ("view" in ready) writeView(ready.image, ready.view, pixels);
      else pixels.set(ready.pixels);
      labels[row] = pass === undefined ? label : this.samples[index]!.label;
      weights[row] = 1;
      indices[row] = index;
      drawn[row] = left;
    }
    const loaded = { images, labels, weights, indices };
    const none = division.batch.length === 0 || pass !== undefined;
    const keys = [MIXING, options.seed, options.epoch, step];
    const mixing = none ? [] : draw(division.batch, keys, { width: size, height: size }).drawn;
    const mixesHere = division.mixed === "loader";
    const leaves = division.device.length > 0 || !none && !mixesHere;
    return {
      ...loaded,
      ...(!none && { targets: mixed(mixesHere ? loaded : { labels }, mixing, options) }),
      ...(leaves && { left: { drawn, mixing } }),
    };
  }

  /** A sample's image for a batch, and its class then. */
  async #finished(
    { index, repeat }: { readonly index: number; readonly repeat: number },
    { prefix, workers, device }: Division,
    { seed, epoch, pass }: LoaderOptions,
  ): Promise<Finished | Shown> {
    const { name, label } = this.samples[index]!;
    // An image drawn again in an epoch looks another way.
    const again = repeat === 0 ? [] : [repeat];
    const image = await this.#image(index, prefix);
    const work: Work = {
      name,
      steps: workers,
      later: device,
      keys: pass === undefined
        ? [TRAINING, seed, epoch, index, ...again]
        : [PASSES, seed, pass, index],
      known: pass === undefined ? { label } : { pass },
    };
    return finishView(image, work) ?? await this.#pool.finish(image, work);
  }

  /** The prepared image, from the cache if it is there. */
  #image(index: number, steps: readonly Placed[]): Promise<Image> {
    const sample = this.samples[index]!;
    const done = steps.map(({ step: { name, options } }) => `${name} ${JSON.stringify(options)}`);
    const key = { prefix: [this.#pool.decoder, ...done].join("; "), path: sample.path };
    const name = `${key.prefix}; ${key.path}`;
    let image = this.#preparing.get(name);
    if (!image) {
      image = this.#prepare(sample, key, steps).finally(() => this.#preparing.delete(name));
      this.#preparing.set(name, image);
    }
    return image;
  }

  async #prepare({ name, path }: Sample, key: Key, steps: readonly Placed[]): Promise<Image> {
    const known = await this.#cache.get(key);
    if (known) return known;
    const work = { name, steps, keys: [], known: {} };
    const image = await this.#pool.prepare(() => this.#files.read(path), work);
    await this.#cache.put(key, image);
    return image;
  }
}
