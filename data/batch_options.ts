/** What batches are made of: sizes, order, transforms. Makes none. */
import { divide, type Division, type HasKernel } from "./divide.ts";
import { type Drawn, type Pipeline, readPipeline, type RunImages } from "./pipeline.ts";
import { PRESETS } from "./presets.ts";
import type { Shard } from "./stretch.ts";

/** First of the keys of choices for the images of training. */
export const TRAINING = 1;
/** First of the keys of choices for the passes of a prediction. */
export const PASSES = 2;
/** First of the keys of choices for whole batches. */
export const MIXING = 3;

/** What `Loader.batches` makes batches of. */
export interface LoaderOptions {
  /** Rows of a batch. */
  readonly batch: number;
  /** Pixels of the square a model sees. */
  readonly size: number;
  /** Pixels of an image's shorter side before the square is cut out; {@linkcode defaultResize} if not given. */
  readonly resize?: number;
  /** How an image is resized where its pipeline does not say. Default "bilinear". */
  readonly interpolation?: RunImages["interpolation"];
  /**
   * Whether the sampler chooses the order and the last, smaller batch is dropped; else samples come in order and
   * the last batch is padded.
   */
  readonly train: boolean;
  /** Seed of the order and of the views. */
  readonly seed: number;
  /** Number of the epoch, from 0: another order and other views each. */
  readonly epoch: number;
  /** Batches of the epoch that were had before and are left out, unread. Default 0. */
  readonly from?: number;
  /**
   * What is done to each image, as `readPipeline` gives it. If not given, the preset `reference` in training
   * and in passes; else the centre.
   */
  readonly augment?: Pipeline;
  /** Number of classes, where batches are mixed. */
  readonly classes?: number;
  /**
   * Whether the device of whoever takes the batches has a kernel for an operation; then what may be is left to
   * it, as {@linkcode Left} says. None has one if not given.
   */
  readonly hasKernel?: HasKernel | undefined;
  /**
   * Number of a pass of test-time augmentation: 0 shows the centre, others what depends on seed, pass and
   * sample and not on the epoch. Batches are not mixed.
   */
  readonly pass?: number;
  /**
   * Which part to make where several processes share the work: in training `batch` rows of each batch, which has those of
   * all of them, else the batches of a stretch of all samples. All if not given.
   */
  readonly share?: Shard | undefined;
  /**
   * Whether the images of a batch may lie in shared memory and be overwritten as soon as the next one is asked for: for
   * whoever copies them to a device at once. Default false.
   */
  readonly reuse?: boolean;
}

/** What is still to be done to the images of a batch, in place of the workers. */
export interface Left {
  /** [n], operations on each image, one after the other; none for padding. */
  readonly drawn: readonly (readonly Drawn[])[];
  /** How the images are then mixed with each other; targets are mixed already. */
  readonly mixing: readonly Drawn[];
}

/** Pixels of the shorter side before a square of `size` is cut out: 256 for 224, in proportion otherwise. */
export function defaultResize(size: number): number {
  return Math.round(size * 256 / 224);
}

/** What is done to the images of batches: by where it is done. */
export function divisionOf(options: LoaderOptions): Division {
  const { size, resize = defaultResize(size), interpolation, train, pass, augment } = options;
  const usual = (pass === undefined ? train : pass !== 0) ? PRESETS.reference : PRESETS.none;
  const given = pass === 0 ? undefined : augment;
  const run = { size, resize, interpolation };
  return divide(given ?? readPipeline(usual.pipeline, run), options.hasKernel);
}

/** Throws RangeError for options that cannot be met with `count` samples. */
export function requirePossible(
  { batch, size, resize, train, share }: LoaderOptions,
  count: number,
): void {
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
  const whole = batch * (share?.count ?? 1);
  if (train && count < whole) {
    throw new RangeError(
      `Cannot fill a training batch of ${whole}: there are ${count} images, a batch of at most that was needed`,
    );
  }
}
