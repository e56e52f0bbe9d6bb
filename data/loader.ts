/** Samples to batches of bytes, decoded ahead of time. Chooses no data set and knows no model. */
import { type Cache, type Key, MemoryCache } from "./cache/cache.ts";
import { DataError } from "./errors.ts";
import type { Files } from "./files.ts";
import type { Image } from "./image.ts";
import type { Library } from "./native.ts";
import { Pool, type Task } from "./pool.ts";
import { sequence } from "./random.ts";
import type { Sample } from "./sample.ts";
import { epochOrder, type Order, type Sampler } from "./sampler.ts";
import type { Interpolation } from "./transforms/resize.ts";
import { centerView, randomView, writeView } from "./view.ts";

/** Keys that keep the two kinds of random views apart. */
const TRAINING = 1;
const PASSES = 2;

/** Images and what is known about them; `n` rows, the last of which may be padding. */
export interface Batch {
  /** [n, size, size, 4]: red green blue and a 0; padding is all 0. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** [n], class numbers; −1 where it is not known and for padding. */
  readonly labels: Int32Array<ArrayBuffer>;
  /** [n], 1 for a sample, 0 for padding. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** [n], positions in the list of samples; −1 for padding. */
  readonly indices: Int32Array<ArrayBuffer>;
  /** Seconds the caller waited for this batch. */
  readonly waited: number;
}

/** What {@linkcode Loader.batches} makes batches of. */
export interface LoaderOptions {
  /** Rows of a batch. */
  readonly batch: number;
  /** Pixels of the square a model sees. */
  readonly size: number;
  /** Pixels of an image's shorter side before the square is cut out; {@linkcode defaultResize} if not given. */
  readonly resize?: number;
  /** How an image is resized. Default "bilinear". */
  readonly interpolation?: Interpolation | undefined;
  /**
   * Whether the sampler chooses the order and the last, smaller batch is dropped; else samples come in order and
   * the last batch is padded.
   */
  readonly train: boolean;
  /** Seed of the order and of the views. */
  readonly seed: number;
  /** Number of the epoch, from 0: another order and other views each. */
  readonly epoch: number;
  /** Whether views are random (crop and flip) rather than the centre; as `train` if not given. */
  readonly augment?: boolean;
  /**
   * Number of a pass of test-time augmentation: 0 shows the centre, others a random view that depends on
   * seed, pass and sample and not on the epoch.
   */
  readonly pass?: number;
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

/** Pixels of the shorter side before a square of `size` is cut out: 256 for 224, in proportion otherwise. */
export function defaultResize(size: number): number {
  return Math.round(size * 256 / 224);
}

/** How images are prepared. */
type Form = Pick<Task, "short" | "interpolation">;

function formOf(
  { size, resize = defaultResize(size), interpolation = "bilinear" }: Pick<
    LoaderOptions,
    "size" | "resize" | "interpolation"
  >,
): Form {
  return { short: resize, interpolation };
}

function check({ batch, size, resize, train }: LoaderOptions, count: number): void {
  if (!(Number.isInteger(batch) && batch > 0)) {
    throw new RangeError(`Cannot make batches of ${batch}: a positive integer was needed`);
  }
  if (!(Number.isInteger(size) && size > 0)) {
    throw new RangeError(`Cannot make images of size ${size}: a positive integer was needed`);
  }
  if (resize !== undefined && !(Number.isInteger(resize) && resize >= size)) {
    throw new RangeError(
      `Cannot resize images to ${resize}: a whole number of at least the size, ${size}, was needed`,
    );
  }
  if (train && count < batch) {
    throw new RangeError(
      `Cannot fill a training batch of ${batch}: there are ${count} images, a batch of at most that was needed`,
    );
  }
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
    check(options, count);
    const order: Order = train
      ? epochOrder(this.samples, { sampler: this.#sampler, seed, epoch })
      : {
        indices: Uint32Array.from({ length: count }, (_, i) => i),
        repeats: new Uint32Array(count),
      };
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
        const next = this.#load(rows, options);
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
    const form = formOf(options);
    const bad: BadSample[] = [];
    const check = async (index: number) => {
      try {
        await this.#image(index, form);
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

  async #load(rows: Order, options: LoaderOptions): Promise<Omit<Batch, "waited">> {
    const { batch, size } = options;
    const form = formOf(options);
    const loading = Array.from(rows.indices, (index) => this.#image(index, form));
    for (const image of loading) image.catch(() => {});
    const images = new Uint8Array(batch * size * size * 4);
    const labels = new Int32Array(batch).fill(-1);
    const weights = new Float32Array(batch);
    const indices = new Int32Array(batch).fill(-1);
    for (const [row, index] of rows.indices.entries()) {
      const image = await loading[row]!;
      const drawn = { index, repeat: rows.repeats[row]! };
      writeView(image, this.#view(image, drawn, options), images, row);
      labels[row] = this.samples[index]!.label;
      weights[row] = 1;
      indices[row] = index;
    }
    return { images, labels, weights, indices };
  }

  #view(
    image: Image,
    { index, repeat }: { readonly index: number; readonly repeat: number },
    options: LoaderOptions,
  ) {
    const { size, seed, epoch, pass, train, augment = train || pass !== undefined } = options;
    if (!augment || pass === 0) return centerView(image, size);
    // An image drawn again in an epoch looks another way.
    const again = repeat === 0 ? [] : [repeat];
    const random = pass === undefined
      ? sequence(TRAINING, seed, epoch, index, ...again)
      : sequence(PASSES, seed, pass, index);
    return randomView(random, image, size);
  }

  /** The prepared image, from the cache if it is there. */
  #image(index: number, form: Form): Promise<Image> {
    const sample = this.samples[index]!;
    const prefix = `${this.#pool.decoder}; shorter side ${form.short}, ${form.interpolation}`;
    const key = { prefix, path: sample.path };
    const name = `${key.prefix}; ${key.path}`;
    let image = this.#preparing.get(name);
    if (!image) {
      image = this.#prepare(sample, key, form).finally(() => this.#preparing.delete(name));
      this.#preparing.set(name, image);
    }
    return image;
  }

  async #prepare({ name, path }: Sample, key: Key, form: Form): Promise<Image> {
    const known = await this.#cache.get(key);
    if (known) return known;
    const image = await this.#pool.prepare({ name, ...form, read: () => this.#files.read(path) });
    await this.#cache.put(key, image);
    return image;
  }
}
