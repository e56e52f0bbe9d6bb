/** What the options of transforms may be: checks with words for what was needed. Knows no transform. */
import { nearest } from "../../models/nearest.ts";
import type { Step } from "./transform.ts";

/** A pipeline is wrong: the message says where (`augment[2].options.sigma`) and what was needed. */
export class PipelineError extends Error {
  /** Tells it from other errors. */
  override readonly name = "PipelineError";
  /** What a command that meets this error exits with. */
  readonly exitCode = 2;
}

/** What a run says about images, which pipelines may leave open. */
export interface RunImages {
  /** Side of the square that the model sees, in pixels. */
  readonly size: number;
  /** Shorter side of an image before the square is cut out, in pixels. */
  readonly resize: number;
  /** How images are resized where a pipeline does not say. Default "bilinear". */
  readonly interpolation?: ResizeFilter | undefined;
  /** Names of the classes; the position is the label. Classes are numbers where they are not given. */
  readonly classes?: readonly string[];
}

/** What reading an option may ask for. */
export interface Reading extends RunImages {
  /** Reads a list of steps. */
  steps(value: unknown, at: string): readonly Step[];
}

/** An option. */
export interface Field<T> {
  /** The option, or its default for undefined. Throws {@linkcode PipelineError} that begins with `at`. */
  read(value: unknown, at: string, reading: Reading): T;
}

/** Each option of a transform. */
export type Fields<Options> = { readonly [K in keyof Options]-?: Field<Required<Options>[K]> };

/** How a pixel of another size is made; on bytes, as in Pillow, both nearest ones are "nearest-exact". */
export type ResizeFilter = "nearest" | "nearest-exact" | "bilinear" | "bicubic";

/** Two numbers. */
export type Pair = readonly [number, number];

/** What fills places that come from outside an image: one level, or one for each channel; 0 … 255. */
export type Fill = number | readonly number[];

/** How a point between pixels is read. */
export type Interpolation = "nearest" | "bilinear";

/** Bounds of a number. */
export interface Bounds {
  /** The smallest that is accepted. */
  readonly least?: number;
  /** The largest that is accepted. */
  readonly most?: number;
  /** A bound below that is not accepted itself. */
  readonly above?: number;
}

/** Says what is wrong with the value at a place of a pipeline. */
export function refuse(at: string, value: unknown, needed: string): PipelineError {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  const given = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return new PipelineError(`Cannot read ${at}: ${given} was given, ${needed} was needed`);
}

/** An option that `accepts` decides about; with a fallback it may be left out. */
export function field<T>(
  needed: string,
  accepts: (value: unknown) => boolean,
  fallback?: T,
): Field<T> {
  return {
    read(value, at) {
      if (value === undefined && fallback !== undefined) return fallback;
      if (!accepts(value)) throw refuse(at, value, needed);
      return value as T;
    },
  };
}

function isNumber(value: unknown, { least, most, above }: Bounds = {}): value is number {
  return typeof value === "number" && Number.isFinite(value) && !(value < least!) &&
    !(value > most!) && !(value <= above!);
}

function inWords({ least, most, above }: Bounds): string {
  const from = least !== undefined
    ? ` from ${least}`
    : above !== undefined
    ? ` above ${above}`
    : "";
  return from + (most !== undefined ? ` to ${most}` : "");
}

/** A number. */
export function number(bounds: Bounds = {}, fallback?: number): Field<number> {
  return field(`a number${inWords(bounds)}`, (v) => isNumber(v, bounds), fallback);
}

/** A whole number. */
export function whole(bounds: Bounds, fallback?: number): Field<number> {
  const accepts = (v: unknown) => isNumber(v, bounds) && Number.isInteger(v);
  return field(`a whole number${inWords(bounds)}`, accepts, fallback);
}

/** A probability. */
export function probability(fallback: number): Field<number> {
  return number({ least: 0, most: 1 }, fallback);
}

/** True or false. */
export function flag(fallback: boolean): Field<boolean> {
  return field<boolean>("true or false", (v) => typeof v === "boolean", fallback);
}

/** One of a few words, or null where that is one of them. */
export function word<const T extends string | null>(
  words: readonly T[],
  fallback: T,
): Field<T> {
  const known = words.filter((w) => w !== null);
  return {
    read(value, at) {
      if (value === undefined) return fallback;
      if (words.includes(value as T)) return value as T;
      const near = typeof value === "string" ? nearest(value, known) : undefined;
      const hint = near === undefined ? "" : ` (did you mean "${near}"?)`;
      throw refuse(at, value, `one of ${known.map((w) => `"${w}"`).join(", ")}${hint}`);
    },
  };
}

/** How pixels of another size are made; as the run says where it is left out. */
export function resizeFilter(): Field<ResizeFilter> {
  const filter = word<ResizeFilter>(
    ["nearest", "nearest-exact", "bilinear", "bicubic"],
    "bilinear",
  );
  return {
    read: (value, at, reading) =>
      filter.read(value === undefined ? reading.interpolation : value, at, reading),
  };
}

/** How a point between pixels is read. */
export function interpolation(fallback: Interpolation): Field<Interpolation> {
  return word(["nearest", "bilinear"], fallback);
}

function isPair(value: unknown, bounds: Bounds): value is Pair {
  return Array.isArray(value) && value.length === 2 && value.every((v) => isNumber(v, bounds));
}

/** Two numbers, the first not above the second. */
export function interval(bounds: Bounds, fallback?: Pair): Field<Pair> {
  return field(
    `[low, high], numbers${inWords(bounds)},`,
    (v) => isPair(v, bounds) && v[0] <= v[1],
    fallback,
  );
}

/** One number, or two of which the first is not above the second. */
export function numberOrInterval(
  bounds: { readonly one?: Bounds; readonly two?: Bounds },
  fallback?: number | Pair,
): Field<number | Pair> {
  const { one = {}, two = {} } = bounds;
  return field<number | Pair>(
    `a number${inWords(one)}, or [low, high]${inWords(two)},`,
    (v) => isNumber(v, one) || isPair(v, two) && v[0] <= v[1],
    fallback,
  );
}

/** Two numbers, in any order, or null. */
export function pairOrNull(bounds: Bounds = {}): Field<Pair | null> {
  return field<Pair | null>(
    `two numbers${inWords(bounds)}, or null,`,
    (v) => v === null || isPair(v, bounds),
    null,
  );
}

/** A point in shares of width and height. */
export function point(fallback: Pair): Field<Pair> {
  const bounds = { least: 0, most: 1 };
  return field<Pair>("[x, y] from 0 to 1", (v) => isPair(v, bounds), fallback);
}

/** Names that say which of two classes is the real one. */
const REAL = ["real", "original", "authentic", "bonafide", "genuine", "pristine"];

/**
 * A class by number or name. Left out, it is the one with a name for real images, or the other of two;
 * 0 and 1 of classes that have no names. It never is a guess.
 */
export function classOf(kind: "real" | "manipulated"): Field<number | string> {
  return {
    read(value, at, { classes = ["0", "1"] }) {
      const number = typeof value === "string" ? classes.indexOf(value) : value;
      const known = Number.isInteger(number) && (number as number) >= 0 &&
        (number as number) < classes.length;
      if (known) return number as number;
      const numbered = classes.every((name, i) => name === String(i));
      const real = numbered ? 0 : classes.findIndex((name) => REAL.includes(name.toLowerCase()));
      if (value === undefined && classes.length === 2 && real >= 0) {
        return kind === "real" ? real : 1 - real;
      }
      throw refuse(at, value, `a class, one of ${classes.join(", ")},`);
    },
  };
}

function isLevel(value: unknown): boolean {
  return isNumber(value, { least: 0, most: 255 });
}

function isFill(value: unknown): value is Fill {
  return isLevel(value) || Array.isArray(value) && value.length === 3 && value.every(isLevel);
}

/** What fills places from outside the image. */
export function fill(): Field<Fill> {
  return field<Fill>("a level from 0 to 255, or three of them,", isFill, 0);
}

/** The same, where null stands for black that a tensor does not blend with. */
export function fillOrNull(): Field<Fill | null> {
  return field<Fill | null>(
    "a level from 0 to 255, three of them, or null",
    (v) => v === null || isFill(v),
    null,
  );
}

/** A side in pixels or [height, width]; what the run says where it is left out. */
export function size(of: "size" | "resize"): Field<number | Pair> {
  const isSide = (v: unknown) => isNumber(v, { least: 1 }) && Number.isInteger(v);
  return {
    read(value, at, reading) {
      if (value === undefined) return reading[of];
      const accepted = isSide(value) ||
        Array.isArray(value) && value.length === 2 && value.every(isSide);
      if (!accepted) throw refuse(at, value, "a side in pixels, or [height, width],");
      return value as number | Pair;
    },
  };
}

/** Steps of a pipeline, at least one. */
export function steps(): Field<readonly Step[]> {
  return {
    read(value, at, reading) {
      const read = reading.steps(value, at);
      if (read.length === 0) throw refuse(at, value, "at least one transform");
      return read;
    },
  };
}

/** A size in pixels: a number is the side of a square. */
export function sizeOf(side: number | Pair): { readonly width: number; readonly height: number } {
  const [height, width] = typeof side === "number" ? [side, side] : side;
  return { width, height };
}

/** A number d as −d … d. */
export function symmetric(d: number | Pair): Pair {
  return typeof d === "number" ? [-d, d] : d;
}
