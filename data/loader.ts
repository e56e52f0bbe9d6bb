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
import type { Cache } from "./cache/cache.ts";
import { MemoryCache } from "./cache/memory.ts";
import type { Division } from "./divide.ts";
import { DataError } from "./errors.ts";
import type { Files } from "./files.ts";
import { mixed } from "./mixing.ts";
import type { Library } from "./native.ts";
import { draw } from "./pipeline.ts";
import { Pool } from "./pool.ts";
import type { Finished, Work } from "./prepare.ts";
import type { Sample } from "./sample.ts";
import { epochOrder, type Order, type Sampler } from "./sampler.ts";
import { stretchOf } from "./stretch.ts";
import { type Prefix, Supply } from "./supply.ts";

export { defaultResize, type Left, type LoaderOptions } from "./batch_options.ts";

/** Images and what is known about them; `n` rows, the last of which may be padding. */
export interface Batch {
  /** [n, size, size, 4]: red green blue and a 0; padding is all 0. */
  readonly images: Uint8Array;
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
  readonly workers?: number | undefined;
  /** Keeps prepared images for later epochs; 512 MiB of memory if not given. */
  readonly cache?: Cache;
  /** How a training epoch chooses its samples; `shuffle` if not given. */
  readonly sampler?: Sampler;
  /** The library that must decode; the best one that runs if not given. */
  readonly library?: Library;
  /** Seconds that a worker may take over an image before another one tries it, for the last time; 60 if not given. */
  readonly decodeTimeout?: number | undefined;
  /** Starts a worker for images, for bundles, where `data/worker.ts` lies nowhere; that of Deno if not given. */
  readonly startWorker?: (() => Worker) | undefined;
  /**
   * Position of the first sample in a list that these are a part of, 0 if not given: what passes choose for an image
   * then is what they choose for it in the whole list.
   */
  readonly first?: number;
}

/** A sample that cannot be used. */
export interface BadSample {
  /** Its position in the list of samples. */
  readonly index: number;
  /** One sentence that names its file. */
  readonly reason: string;
}

/** Memory for a batch, which workers write to where it may be shared. */
function newBuffer(bytes: number, { reuse }: LoaderOptions): Uint8Array {
  const shared = reuse && typeof SharedArrayBuffer !== "undefined";
  return new Uint8Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
}

type Loaded = Omit<Batch, "waited">;

/** What a batch is made with. */
interface Loading {
  /** Where its images are written. */
  readonly images: Batch["images"];
  readonly prefix: Prefix;
  readonly division: Division;
  readonly options: LoaderOptions;
  /** Number of the batch. */
  readonly step: number;
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
  readonly #pool: Pool;
  readonly #cache: Cache;
  readonly #supply: Supply;
  readonly #sampler: Sampler | undefined;
  readonly #first: number;

  private constructor(
    samples: readonly Sample[],
    files: Files,
    { pool, cache, sampler, first }: {
      readonly pool: Pool;
      readonly cache: Cache;
      readonly sampler: Sampler | undefined;
      readonly first: number;
    },
  ) {
    this.samples = samples;
    this.#pool = pool;
    this.#cache = cache;
    this.#supply = new Supply(files, pool, cache);
    this.#sampler = sampler;
    this.#first = first;
  }

  /** Starts the workers. */
  static async open(
    samples: readonly Sample[],
    files: Files,
    settings: LoaderSettings = {},
  ): Promise<Loader> {
    const { workers, sampler, library, decodeTimeout: silence, first = 0 } = settings;
    const { startWorker: start } = settings;
    const { cache = new MemoryCache(512 * 2 ** 20) } = settings;
    const count = workers ?? Math.max(1, Math.min(4, navigator.hardwareConcurrency));
    const pool = await Pool.open(count, { library, silence, start });
    return new Loader(samples, files, { pool, cache, sampler, first });
  }

  /** The library that decodes: one differs from the other by a level or so. */
  get library(): Library {
    return this.#pool.library;
  }

  /**
   * The batches of one epoch, or what is left of them. Reads ahead a few batches. Rejects with DataError at the first sample, in order,
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
    const prefix = this.#supply.prefix(division.prefix);
    const { from: first = 0, share = { index: 0, count: 1 } } = options;
    const own = stretchOf(share, count);
    /** Rows of all who share a batch, and what comes before one's own of the first. */
    const [whole, before] = train ? [batch * share.count, batch * share.index] : [batch, own.first];
    const steps = train ? Math.floor(count / whole) : Math.ceil((own.end - own.first) / batch);
    const ahead = Math.max(2, Math.ceil(8 * this.#pool.size / batch));
    const pending: (Loaded | Promise<Loaded>)[] = [];
    const buffers: Batch["images"][] = [];
    let begun = first;
    for (let step = first; step < steps; step++) {
      const asked = performance.now();
      for (; begun < Math.min(steps, step + 1 + ahead); begun++) {
        // What is made at once needs no head start.
        if (pending.length > 0 && !(pending.at(-1) instanceof Promise)) break;
        const from = begun * whole + before;
        const to = train ? from + batch : Math.min(from + batch, own.end);
        const rows = {
          indices: order.indices.subarray(from, to),
          repeats: order.repeats.subarray(from, to),
        };
        const images = buffers.pop() ?? newBuffer(batch * options.size ** 2 * 4, options);
        const next = this.#load(rows, { images, prefix, division, options, step: begun });
        // Reported when it is this batch's turn, which may never come.
        if (next instanceof Promise) next.catch(() => {});
        pending.push(next);
      }
      const ready = await pending.shift()!;
      yield { ...ready, waited: (performance.now() - asked) / 1000 };
      if (options.reuse) buffers.push(ready.images);
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
    const division = divisionOf({ ...options, batch: 1, train: false, seed: 0, epoch: 0 });
    const prefix = this.#supply.prefix(division.prefix);
    const bad: BadSample[] = [];
    const check = async (index: number) => {
      try {
        await this.#supply.prepared(this.samples[index]!, prefix);
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

  /** A batch: at once where all its images are kept. */
  #load(rows: Order, loading: Loading): Loaded | Promise<Loaded> {
    const { images, prefix, division, options, step } = loading;
    const { batch, size, pass } = options;
    const labels = new Int32Array(batch).fill(-1);
    const weights = new Float32Array(batch);
    const indices = new Int32Array(batch).fill(-1);
    const drawn: Left["drawn"][number][] = Array.from({ length: batch }, () => []);
    const bytes = size * size * 4;
    const note = ({ label, left }: Finished, row: number) => {
      const index = rows.indices[row]!;
      labels[row] = pass === undefined ? label : this.samples[index]!.label;
      weights[row] = 1;
      indices[row] = index;
      drawn[row] = left;
    };
    const waiting: [row: number, finished: Promise<Finished>][] = [];
    for (const [row, index] of rows.indices.entries()) {
      const work = this.#work({ index, repeat: rows.repeats[row]! }, division, options);
      const into = images.subarray(row * bytes, (row + 1) * bytes);
      const finished = this.#supply.write(this.samples[index]!, prefix, { work, into });
      if (!(finished instanceof Promise)) note(finished, row);
      else {
        finished.catch(() => {});
        waiting.push([row, finished]);
      }
    }
    const loaded = { images, labels, weights, indices };
    const whole = (): Loaded => {
      images.fill(0, rows.indices.length * bytes);
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
    };
    if (waiting.length === 0) return whole();
    return (async () => {
      for (const [row, finished] of waiting) note(await finished, row);
      return whole();
    })();
  }

  /** What is done to a sample after the prefix. */
  #work(
    { index, repeat }: { readonly index: number; readonly repeat: number },
    { workers, device }: Division,
    { seed, epoch, pass }: LoaderOptions,
  ): Work {
    const { name, label } = this.samples[index]!;
    // An image drawn again in an epoch looks another way.
    const again = repeat === 0 ? [] : [repeat];
    return {
      name,
      steps: workers,
      later: device,
      keys: pass === undefined
        ? [TRAINING, seed, epoch, index, ...again]
        : [PASSES, seed, pass, this.#first + index],
      known: pass === undefined ? { label } : { pass },
    };
  }
}
