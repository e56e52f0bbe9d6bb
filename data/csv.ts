/** Rows of separated values, RFC 4180, to text and back. What the columns mean is said elsewhere. */
import papaparse from "csv";
import { DataError } from "./errors.ts";

/** A table with named columns. */
export interface Table {
  /** Names of the columns, without blanks around them. */
  readonly columns: readonly string[];
  /** The rows below the header, each with as many values as there are columns, without blanks around them. */
  readonly rows: readonly (readonly string[])[];
}

/** What may stand between two values. */
const DELIMITERS = [",", ";", "\t"];

/** The delimiter that the header has most of, outside of quotes; a comma when it has none. */
function delimiterOf(text: string): string {
  const header = text.replace(/"(?:[^"]|"")*"/g, "").split(/[\r\n]/, 1)[0] ?? "";
  const counts = DELIMITERS.map((delimiter) => header.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

/**
 * The table in a text whose first line is a header, its values separated by commas, semicolons or tabs; empty
 * lines are left out. Throws {@linkcode DataError} with `where` in it when a row has another length than the header.
 *
 * @example
 * ```ts
 * import { parseCsv } from "./csv.ts";
 * const { columns, rows } = parseCsv("img_name,target\na.jpg,1\n", "labels.csv");
 * console.assert(columns[1] === "target" && rows[0]?.[0] === "a.jpg");
 * ```
 */
export function parseCsv(text: string, where: string): Table {
  const plain = text.replace(/^\ufeff/, "");
  const { data, errors } = papaparse.parse(plain, {
    delimiter: delimiterOf(plain),
    skipEmptyLines: "greedy",
  }) as { data: string[][]; errors: readonly { message: string; row?: number }[] };
  const [error] = errors;
  if (error) {
    throw new DataError(
      `Cannot read ${where}: row ${
        (error.row ?? 0) + 1
      } is malformed (${error.message}), values separated by commas, semicolons or tabs were needed`,
    );
  }
  const [columns = [], ...rows] = data.map((row) => row.map((value) => value.trim()));
  for (const [i, row] of rows.entries()) {
    if (row.length !== columns.length) {
      throw new DataError(
        `Cannot read ${where}: row ${i + 1} below the header has ${row.length} values, ` +
          `${columns.length} were needed`,
      );
    }
  }
  return { columns, rows };
}

/** Text of a table: header and rows, each line ended by a newline, quotes only where they are needed. */
export function formatCsv({ columns, rows }: Table): string {
  return papaparse.unparse([columns, ...rows], { newline: "\n" }) + "\n";
}
