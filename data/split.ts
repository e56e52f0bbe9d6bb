/** Dividing samples into training and validation, class by class. Reads no file. */
import { DataError } from "./errors.ts";
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
 * Throws {@linkcode DataError} when there are fewer than two classes or a class has fewer than two samples to
 * learn from; `where` is the file or folder that says so.
 */
export function requireClasses(
  samples: readonly Sample[],
  classes: readonly string[],
  where: string,
): void {
  if (classes.length < 2) {
    throw new DataError(
      `Cannot train on ${where}: it has ${classes.length} class (${classes.join(", ")}), ` +
        `at least 2 were needed`,
    );
  }
  for (const [label, count] of countClasses(samples, classes.length).entries()) {
    if (count < 2) {
      const images = count === 1 ? "1 image" : "no image";
      throw new DataError(
        `Cannot train on ${where}: class ${classes[label]} has ${images}, at least 2 were needed`,
      );
    }
  }
}

/**
 * Puts `share` of each class, at least one sample and never all, into validation; which ones depends on the
 * seed and the class alone. Both parts keep the order of `samples`. Every class needs two samples.
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
  const classes = new Map<number, number[]>();
  for (const [i, { label }] of samples.entries()) {
    const members = classes.get(label);
    if (members) members.push(i);
    else classes.set(label, [i]);
  }
  const aside = new Set<number>();
  for (const [label, members] of classes) {
    const count = Math.min(members.length - 1, Math.max(1, Math.round(members.length * share)));
    for (const i of shuffled(members.length, seed, label).subarray(0, count)) {
      aside.add(members[i]!);
    }
  }
  return {
    train: samples.filter((_, i) => !aside.has(i)),
    validation: samples.filter((_, i) => aside.has(i)),
  };
}
