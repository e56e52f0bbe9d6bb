/** From what labels say to numbered classes. Knows no files. */
import { DataError } from "./errors.ts";
import type { Row } from "./labels.ts";
import type { Sample } from "./sample.ts";

/** A class number as tables write it; programs that know missing values write 1 as 1.0. */
const NUMBER = /^(\d{1,9})(?:\.0+)?$/;

/** One spelling for each class: `1.0` as `1`. */
function spelling(target: string): string {
  return NUMBER.exec(target)?.[1]?.replace(/^0+(?=\d)/, "") ?? target;
}

/**
 * The classes of rows: 0, 1, … without a gap when labels are numbers, else the words in the order of their code
 * units. Throws {@linkcode DataError} for numbers with a gap and for a mixture of the two; `where` is what says so.
 */
export function classesOf(rows: readonly Row[], where: string): string[] {
  const isNumber = ({ target }: Row) => NUMBER.test(target);
  const numbered = rows[0] !== undefined && isNumber(rows[0]);
  const odd = rows.find((row) => isNumber(row) !== numbered);
  if (odd) {
    throw new DataError(
      `Cannot read ${where}: the label of ${odd.name} is ${JSON.stringify(odd.target)}, ` +
        `a class ${numbered ? "number (0, 1, …)" : "name"} as in the rows above was needed`,
    );
  }
  const found = [...new Set(rows.map(({ target }) => spelling(target)))];
  if (!numbered) return found.sort();
  const classes = found.map((_, i) => String(i));
  const gap = classes.findIndex((name) => !found.includes(name));
  if (gap >= 0) {
    const labels = found.map(Number).sort((a, b) => a - b).slice(0, 10).join(", ");
    throw new DataError(
      `Cannot use ${where}: its labels are ${labels}, but no image has class ${gap}, ` +
        `numbers from 0 without a gap were needed`,
    );
  }
  return classes;
}

/** Rows with the numbers of their classes. Throws {@linkcode DataError} for a class that `classes` lacks. */
export function numbered(
  rows: readonly Row[],
  classes: readonly string[],
  { where, wanted }: { readonly where: string; readonly wanted: string },
): Sample[] {
  const numbers = new Map(classes.map((name, label) => [name, label]));
  return rows.map(({ target, ...row }) => {
    const label = numbers.get(spelling(target));
    if (label === undefined) {
      throw new DataError(
        `Cannot use ${where}: ${row.name} has class ${target}, one of the classes of ${wanted} ` +
          `was needed (${classes.slice(0, 10).join(", ")})`,
      );
    }
    return { ...row, label };
  });
}
