/** Dividing samples into training and validation, class by class. Reads no file. */
import { DataError } from "./errors.ts";
import { partsOfGroups } from "./groups.ts";
import { shuffled } from "./random.ts";
import type { Sample } from "./sample.ts";

/** The two parts of a data set. */
export interface Split {
  /** Samples to learn from. */
  readonly train: readonly Sample[];
  /** Samples to check with. */
  readonly validation: readonly Sample[];
}

/** Number of samples of each class. */
export function countClasses(samples: readonly Sample[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const { label } of samples) counts[label]!++;
  return counts;
}

/**
 * Throws {@linkcode DataError} when there are fewer than two classes or a class has fewer than `least` samples to
 * learn from, two if not given; `where` is the file or folder that says so.
 */
export function requireClasses(
  samples: readonly Sample[],
  classes: readonly string[],
  where: string,
  least = 2,
): void {
  if (classes.length < 2) {
    throw new DataError(
      `Cannot train on ${where}: it has ${classes.length} class (${classes.join(", ")}), ` +
        `at least 2 were needed`,
    );
  }
  for (const [label, count] of countClasses(samples, classes.length).entries()) {
    if (count < least) {
      const images = count === 1 ? "1 image" : "no image";
      throw new DataError(
        `Cannot train on ${where}: class ${classes[label]} has ${images}, ` +
          `at least ${least} ${least === 1 ? "was" : "were"} needed`,
      );
    }
  }
}

/** Positions of the samples of each class, classes in the order in which they are met. */
function byClass(samples: readonly Sample[]): Map<number, number[]> {
  const classes = new Map<number, number[]>();
  for (const [i, { label }] of samples.entries()) {
    const members = classes.get(label);
    if (members) members.push(i);
    else classes.set(label, [i]);
  }
  return classes;
}

/** The two parts, each in the order of `samples`. */
function apart(samples: readonly Sample[], aside: (index: number) => boolean): Split {
  return {
    train: samples.filter((_, i) => !aside(i)),
    validation: samples.filter((_, i) => aside(i)),
  };
}

function hasGroups(samples: readonly Sample[]): boolean {
  return samples.some(({ group }) => group !== undefined);
}

/** One more than the greatest label. */
function classCount(samples: readonly Sample[]): number {
  return samples.reduce((most, { label }) => Math.max(most, label), -1) + 1;
}

/**
 * Puts `share` of each class, at least one sample and never all, into validation; which ones depends on the
 * seed and the class alone. Where samples have groups, whole groups are put there, so that the shares hold as
 * nearly as groups allow. Both parts keep the order of `samples`. Every class needs two samples.
 */
export function split(
  samples: readonly Sample[],
  share: number,
  seed: number,
): Split {
  if (!(share > 0 && share < 1)) {
    throw new RangeError(
      `Cannot set aside ${share} of the images: a share between 0 and 1 was needed`,
    );
  }
  if (hasGroups(samples)) {
    const classes = classCount(samples);
    const parts = partsOfGroups(samples, { shares: [1 - share, share], classes, seed });
    return apart(samples, (i) => parts[i] === 1);
  }
  const aside = new Set<number>();
  for (const [label, members] of byClass(samples)) {
    const count = Math.min(members.length - 1, Math.max(1, Math.round(members.length * share)));
    for (const i of shuffled(members.length, seed, label).subarray(0, count)) {
      aside.add(members[i]!);
    }
  }
  return apart(samples, (i) => aside.has(i));
}

/** Which of several folds is the validation part. */
export interface Fold {
  /** Number of folds, at least 2. */
  readonly folds: number;
  /** Number of the one that validates, from 0. */
  readonly fold: number;
}

/**
 * Divides for cross-validation: every sample is in exactly one of `folds` parts, each with its share of every
 * class, and part `fold` validates. Groups stay whole. Parts depend on the seed and not on `fold`. Throws
 * RangeError for a fold that is none.
 */
export function foldSplit(
  samples: readonly Sample[],
  { folds, fold }: Fold,
  seed: number,
): Split {
  if (!(Number.isInteger(folds) && folds >= 2 && Number.isInteger(fold) && fold >= 0)) {
    throw new RangeError(
      `Cannot take fold ${fold} of ${folds}: whole numbers, at least 2 folds were needed`,
    );
  }
  if (fold >= folds) {
    throw new RangeError(`Cannot take fold ${fold} of ${folds}: 0 to ${folds - 1} was needed`);
  }
  if (hasGroups(samples)) {
    const shares = new Array<number>(folds).fill(1 / folds);
    const parts = partsOfGroups(samples, { shares, classes: classCount(samples), seed });
    return apart(samples, (i) => parts[i] === fold);
  }
  const parts = new Uint32Array(samples.length);
  // Dealt out like cards; the next class goes on where the last one stopped, so that folds are of one size.
  let next = 0;
  for (const [label, members] of byClass(samples)) {
    for (const i of shuffled(members.length, seed, label)) parts[members[i]!] = next++ % folds;
  }
  return apart(samples, (i) => parts[i] === fold);
}
