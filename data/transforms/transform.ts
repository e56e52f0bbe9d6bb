/** What a transform and an operation are. Holds none of either; the tables are in mod.ts. */
import type { FloatImage, Image, Size } from "../image.ts";
import type { Random } from "../random.ts";
import type { Fields } from "./fields.ts";

/** One step of a pipeline as plain data. */
export interface Step {
  /** Name of the transform, torchvision's where it has one. */
  readonly name: string;
  /** Its options; those left out have their defaults. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** What is known of an image when choices for it are made. */
export interface Subject extends Size {
  /** Its class; negative or absent when unknown. */
  readonly label?: number;
  /** Number of the pass of test-time augmentation, from 1; absent in training. */
  readonly pass?: number;
}

/** An operation and its parameters: what was chosen for one image, as plain data. */
export interface Drawn {
  /** Name of the operation. */
  readonly name: string;
  /** Its parameters: numbers, words, and lists of them. */
  readonly parameters: object;
}

/** Runs operations one after the other, for operations that are made of others. */
export type Run = (image: Image, drawn: readonly Drawn[]) => Image | Promise<Image>;

/** Writes an image as a JPEG of a quality, 1 … 100, and reads it again. */
export type Recompress = (image: Image, quality: number) => Promise<Image>;

/** What an operation is given besides its image. */
export interface Means {
  readonly run: Run;
  /** Absent where no image library is, as in a bundle for browsers. */
  readonly recompress?: Recompress | undefined;
}

/** How an operation changes pixels. Nothing in it is random: its parameters say all. */
export interface OperationRules<Parameters> {
  /** On bytes, as Pillow and torchvision do it to a PIL image. */
  apply(image: Image, parameters: Parameters, means: Means): Image | Promise<Image>;
  /**
   * On numbers from 0 to 1, as torchvision's v2 functions do it to a float32 tensor, with the same
   * parameters as on bytes: levels in them (fills, thresholds) are 0 … 255.
   */
  applyFloat?(image: FloatImage, parameters: Parameters): FloatImage;
  /** The size of the result where it may differ from that of the image. */
  resized?(size: Size, parameters: Parameters): Size;
  /** The class that the result belongs to, where that may change. */
  label?(parameters: Parameters): number;
}

/** An operation on an image. As a function it gives the plain data of one use. */
export interface Operation<Parameters extends object> extends OperationRules<Parameters> {
  (parameters: Parameters): Drawn;
  /** What {@linkcode Drawn.name} calls it. */
  readonly name: string;
}

/** Images of one size, as many as there are: [n, height, width, channels]. */
export interface BatchShape extends Size {
  readonly n: number;
  readonly channels: number;
}

/** What an operation on a batch is used on, and how. */
export interface Use<Parameters> {
  readonly shape: BatchShape;
  readonly parameters: Parameters;
}

/** How an operation mixes each image of a batch with the one before it, the first with the last. */
export interface MixingRules<Parameters> {
  /** Mixes into `images`, which begin as `old`. Bytes are rounded. */
  mix(images: Uint8Array | Float32Array, old: ArrayLike<number>, use: Use<Parameters>): void;
  /** The share that an image keeps of itself, 0 … 1, which is its own target's too. */
  share(parameters: Parameters, size: Size): number;
}

/** An operation on a batch. As a function it gives the plain data of one use. */
export interface Mixing<Parameters extends object> extends MixingRules<Parameters> {
  (parameters: Parameters): Drawn;
  /** What {@linkcode Drawn.name} calls it. */
  readonly name: string;
}

/** Chooses operations for one step of a container, after those chosen before. */
export type Draw = (step: Step, image: Subject, random: Random) => {
  readonly drawn: readonly Drawn[];
  readonly image: Subject;
};

/** A point in the order of operations at which one operation at most happens to an image. */
export interface Round {
  /** Names of those that may. */
  readonly operations: readonly string[];
  /** For an operation that mixes what chains of others make of an image: the rounds of each chain. */
  readonly chains?: readonly (readonly Round[])[];
}

/** How a transform chooses what to do. */
export interface TransformRules<Options> {
  /** What its options may be, and their defaults. */
  readonly fields: Fields<Options>;
  /** Operations it may choose; those of a container are its steps'. */
  readonly operations: readonly { readonly name: string }[];
  /** Whether it chooses anything, which needs random numbers. */
  readonly random: boolean;
  /** The operations for one image, in order; none leaves it as it is. */
  sample(
    random: Random,
    image: Subject,
    options: Required<Options>,
    draw: Draw,
  ): readonly Drawn[];
  /** Throws an error that begins with `at` for options that do not fit each other. */
  check?(options: Required<Options>, at: string): void;
  /** The size of all results, where that is known; absent where the size stays the same. */
  resized?(
    size: Size | undefined,
    options: Required<Options>,
    after: (step: Step, size: Size | undefined) => Size | undefined,
  ): Size | undefined;
  /** Rounds that hold, in order, whatever it chooses. Absent: one round of all its operations. */
  rounds?(
    options: Required<Options>,
    of: (step: Step) => readonly Round[],
  ): readonly Round[];
  /** Present where it mixes the images of a batch: its operations are of batches. */
  readonly batch?: true;
}

/** A transform. As a function it gives the plain data of one step. */
export interface Transform<Options> extends TransformRules<Options> {
  // deno-lint-ignore ban-types -- {} is what an object with nothing required accepts
  (...options: {} extends Options ? [options?: Options] : [options: Options]): Step;
  /** What {@linkcode Step.name} calls it. */
  readonly name: string;
}

/** Gives an operation its name. */
export function operation<Parameters extends object>(
  name: string,
  rules: OperationRules<Parameters>,
): Operation<Parameters> {
  return named(name, (parameters: Parameters): Drawn => ({ name, parameters }), rules);
}

/** Gives an operation on batches its name. */
export function mixing<Parameters extends object>(
  name: string,
  rules: MixingRules<Parameters>,
): Mixing<Parameters> {
  return named(name, (parameters: Parameters): Drawn => ({ name, parameters }), rules);
}

/** Gives a transform its name. */
export function transform<Options>(
  name: string,
  rules: TransformRules<Options>,
): Transform<Options> {
  const step = (options?: Options): Step => options ? { name, options } : { name };
  return named(name, step, rules) as Transform<Options>;
}

function named<F, Rules>(name: string, call: F, rules: Rules): F & Rules & { name: string } {
  Object.defineProperty(call, "name", { value: name });
  return Object.assign(call as F & { name: string }, rules);
}
