/** Names with numbers as files of three formats, and back: CSV, JSON Lines, Parquet. What the numbers mean is said elsewhere. */
import { formatCsv, parseCsv } from "./csv.ts";
import { DataError } from "./errors.ts";

/** A column of names among columns of numbers. */
export interface NumberTable {
  /** Names of the columns, that of the names among them. */
  readonly columns: readonly string[];
  /** Which of them holds the names. */
  readonly nameAt: number;
  /** A name for each row. */
  readonly names: readonly string[];
  /** A row of numbers for each name, one for each other column. */
  readonly rows: readonly (readonly number[])[];
}

/** Formats by the endings of files. */
const FORMATS = { csv: "csv", jsonl: "jsonl", ndjson: "jsonl", parquet: "parquet" } as const;

/** The format of a file of numbers. */
export type TableFormat = typeof FORMATS[keyof typeof FORMATS];

/** What the names of files that can be written end with. */
export const TABLE_ENDINGS: readonly string[] = Object.keys(FORMATS).map((name) => `.${name}`);

/** The format that a file's name says; undefined for none of them. */
export function tableFormat(path: string): TableFormat | undefined {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(FORMATS, ending) ? FORMATS[ending as keyof typeof FORMATS] : undefined;
}

/** The table as the bytes of a file; numbers are written so that reading them gives the same ones. */
export async function formatTable(table: NumberTable, format: TableFormat): Promise<Uint8Array> {
  const { columns, nameAt, names, rows } = table;
  const cells = names.map((name, i): (string | number)[] => {
    const row: (string | number)[] = [...rows[i]!];
    row.splice(nameAt, 0, name);
    return row;
  });
  if (format === "parquet") {
    const { parquetWriteBuffer } = await import("parquet-writer");
    const columnData = columns.map((name, k) => {
      const type = k === nameAt ? "STRING" as const : "DOUBLE" as const;
      return { name, data: cells.map((row) => row[k]!), type };
    });
    return new Uint8Array(parquetWriteBuffer({ columnData }));
  }
  const text = format === "csv"
    ? formatCsv({ columns, rows: cells.map((row) => row.map(String)) })
    : cells.map((row) =>
      JSON.stringify(Object.fromEntries(columns.map((name, k) => [name, row[k]]))) + "\n"
    ).join("");
  return new TextEncoder().encode(text);
}

/**
 * The table in the bytes of a file that is to have these columns, in this order but for JSON. Throws
 * {@linkcode DataError} with `where` in it when it has others, is not of that format, or a number is none.
 */
export async function parseTable(
  bytes: Uint8Array<ArrayBuffer>,
  { format, where, columns, nameAt }: Pick<NumberTable, "columns" | "nameAt"> & {
    readonly format: TableFormat;
    readonly where: string;
  },
): Promise<NumberTable> {
  const found = await READERS[format](bytes, where, columns);
  if (found.columns.join("\0") !== columns.join("\0")) {
    throw new DataError(
      `Cannot use ${where}: its columns are ${found.columns.join(", ")}, ` +
        `${columns.join(", ")} were needed`,
    );
  }
  const rows = found.rows.map((row, i) =>
    row.toSpliced(nameAt, 1).map((cell) => {
      const written = typeof cell === "string" && cell.trim() !== "";
      const value = written || typeof cell === "number" ? Number(cell) : NaN;
      if (!Number.isNaN(value)) return value;
      throw new DataError(
        `Cannot use ${where}: row ${i + 1} has ${JSON.stringify(cell)}, a number was needed`,
      );
    })
  );
  return { columns, nameAt, names: found.rows.map((row) => String(row[nameAt])), rows };
}

/** Columns and rows as they stand in a file. */
interface Cells {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

type Reader = (
  bytes: Uint8Array<ArrayBuffer>,
  where: string,
  wanted: readonly string[],
) => Cells | Promise<Cells>;

const READERS: Readonly<Record<TableFormat, Reader>> = {
  csv: (bytes, where) => parseCsv(new TextDecoder().decode(bytes), where),
  jsonl: (bytes, where, wanted) => {
    const lines = new TextDecoder().decode(bytes).split("\n").filter((line) => line !== "");
    const objects = lines.map((line, i) => parseObject(line, `${where}, line ${i + 1}`));
    // An object has no order that means anything.
    const other = objects.find((object) =>
      Object.keys(object).sort().join("\0") !== [...wanted].sort().join("\0")
    );
    const columns = other ? Object.keys(other) : wanted;
    return { columns, rows: objects.map((object) => columns.map((name) => object[name])) };
  },
  parquet: async (bytes, where) => {
    const { parquetMetadata, parquetRead } = await import("parquet");
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    try {
      const metadata = parquetMetadata(file);
      let rows: unknown[][] = [];
      await parquetRead({ file, metadata, onComplete: (read: unknown[][]) => rows = read });
      return { columns: metadata.schema.slice(1).map(({ name }) => name), rows };
    } catch (error) {
      throw new DataError(
        `Cannot read ${where}: ${(error as Error).message}, a Parquet file was needed`,
      );
    }
  },
};

function parseObject(line: string, where: string): Record<string, unknown> {
  const refuse = (is: string): never => {
    throw new DataError(`Cannot read ${where}: ${is}, an object in JSON was needed`);
  };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return refuse((error as Error).message);
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value as Record<string, unknown> : refuse(`it is ${line.slice(0, 40)}`);
}
