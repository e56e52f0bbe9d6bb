/** Samples to batches of bytes, decoded ahead of time. Chooses no data set and knows no model. */
import type { Files } from "./files.ts";
import type { Image } from "./image.ts";
import type { Library } from "./native.ts";
import { Pool, type Task } from "./pool.ts";
import { sequence, shuffled } from "./random.ts";
import type { Sample } from "./sample.ts";
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
  /** Whether to shuffle and drop the last, smaller batch; else samples come in order, the last batch padded. */
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
  /** Bytes of prepared images to keep for later epochs; 512 MiB if not given. */
  readonly cache?: number;
  /** The library that must decode; the best one that runs if not given. */
  readonly library?: Library;
}

/** Pixels of the shorter side before a square of `size` is cut out: 256 for 224, in proportion otherwise. */
export function defaultResize(size: number): number {
  return Math.round(size * 256 / 224);
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
  readonly #limit: number;
  readonly #cache = new Map<number, Image>();
  #cached = 0;
  /** How the images of the cache were resized. */
  #kind = "";

  private constructor(samples: readonly Sample[], files: Files, pool: Pool, limit: number) {
    this.samples = samples;
    this.#files = files;
    this.#pool = pool;
    this.#limit = limit;
  }

  /** Starts the workers. */
  static async open(
    samples: readonly Sample[],
    files: Files,
    { workers, cache = 512 * 2 ** 20, library }: LoaderSettings = {},
  ): Promise<Loader> {
    const count = workers ?? Math.max(1, Math.min(4, navigator.hardwareConcurrency));
    return new Loader(samples, files, await Pool.open(count, library), cache);
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
    const order = train
      ? shuffled(count, seed, epoch)
      : Uint32Array.from({ length: count }, (_, i) => i);
    const steps = train ? Math.floor(count / batch) : Math.ceil(count / batch);
    const ahead = Math.max(2, Math.ceil(4 * this.#pool.size / batch));
    const pending: Promise<Omit<Batch, "waited">>[] = [];
    let begun = 0;
    for (let step = 0; step < steps; step++) {
      for (; begun < Math.min(steps, step + 1 + ahead); begun++) {
        const next = this.#load(order.subarray(begun * batch, (begun + 1) * batch), options);
        // Reported when it is this batch's turn, which may never come.
        next.catch(() => {});
        pending.push(next);
      }
      const asked = performance.now();
      const ready = await pending.shift()!;
      yield { ...ready, waited: (performance.now() - asked) / 1000 };
    }
  }

  /** Reads and decodes every sample once, which finds bad files early and fills the cache. */
  async preload(options: Pick<LoaderOptions, "size" | "resize" | "interpolation">): Promise<void> {
    const whole = { ...options, batch: 16, train: false, seed: 0, epoch: 0 };
    for await (const _ of this.batches(whole));
  }

  /** Ends the workers. Batches still asked for are rejected. */
  close(): void {
    this.#pool.close();
    this.#cache.clear();
  }

  async #load(rows: Uint32Array, options: LoaderOptions): Promise<Omit<Batch, "waited">> {
    const { batch, size } = options;
    const { resize: short = defaultResize(size), interpolation = "bilinear" } = options;
    const loading = Array.from(rows, (index) => this.#image(index, { short, interpolation }));
    for (const image of loading) image.catch(() => {});
    const images = new Uint8Array(batch * size * size * 4);
    const labels = new Int32Array(batch).fill(-1);
    const weights = new Float32Array(batch);
    const indices = new Int32Array(batch).fill(-1);
    for (const [row, index] of rows.entries()) {
      const image = await loading[row]!;
      writeView(image, this.#view(image, index, options), images, row);
      labels[row] = this.samples[index]!.label;
      weights[row] = 1;
      indices[row] = index;
    }
    return { images, labels, weights, indices };
  }

  #view(image: Image, index: number, options: LoaderOptions) {
    const { size, seed, epoch, pass, train, augment = train || pass !== undefined } = options;
    if (!augment || pass === 0) return centerView(image, size);
    const random = pass === undefined
      ? sequence(TRAINING, seed, epoch, index)
      : sequence(PASSES, seed, pass, index);
    return randomView(random, image, size);
  }

  /** The prepared image, from the cache if it is there. */
  async #image(index: number, form: Pick<Task, "short" | "interpolation">): Promise<Image> {
    const kind = `${form.short} ${form.interpolation}`;
    if (kind !== this.#kind) {
      this.#cache.clear();
      this.#cached = 0;
      this.#kind = kind;
    }
    const known = this.#cache.get(index);
    if (known) return known;
    const { name, path } = this.samples[index]!;
    const image = await this.#pool.prepare({ name, ...form, read: () => this.#files.read(path) });
    if (kind === this.#kind && this.#cached + image.data.length <= this.#limit) {
      this.#cache.set(index, image);
      this.#cached += image.data.length;
    }
    return image;
  }
}
