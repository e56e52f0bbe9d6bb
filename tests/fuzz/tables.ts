/** Targets that are text or tables: CSV, labels, predictions, options, indices of archives. */
import { formatIndex, parseIndex } from "../../data/archives/tar_index.ts";
import { parseConfig, readConfig } from "../../cli/config.ts";
import { UsageError } from "../../cli/errors.ts";
import { readSweepFile } from "../../cli/sweep_file.ts";
import { trainCommand } from "../../cli/train_flags.ts";
import { formatCsv, parseCsv } from "../../data/csv.ts";
import { DataError } from "../../data/errors.ts";
import { Folder } from "../../data/folder.ts";
import { readLabels } from "../../data/labels.ts";
import { formatTable, parseTable, type TableFormat } from "../../data/table_file.ts";
import { oneFolder } from "./one_folder.ts";
import { require, type Target } from "./verdict.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const CELLS = [
  ...['"', '""', '"\n"', ",", ";", "\t", "\r\n", "\r", "\n", "\0", "\ufeff", "=1+1", "__proto__"],
  ...[
    "a.jpg",
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\a.jpg",
    "..\\a.jpg",
    "a.jpg\0",
    "%2e%2e/a.jpg",
  ],
  ...["NaN", "1e999", "-", "x".repeat(70000), ",".repeat(70000), '"'.repeat(3001)],
];

const csv: Target = {
  name: "csv",
  seeds: ["img_name,target\na.jpg,1\nb.jpg,0\n", 'a;b\n"x;y";"say ""hi"""\n', "a\tb\n1\t2\n"].map(
    utf8,
  ),
  words: CELLS,
  refuses: [DataError],
  says: "labels.csv",
  read(bytes) {
    const table = parseCsv(textOf(bytes), "labels.csv");
    for (const row of table.rows) require(row.length === table.columns.length, "a ragged row");
    // A table of one empty column cannot be told from empty lines.
    if (table.columns.length < 2) return;
    const again = parseCsv(formatCsv(table), "labels.csv");
    require(JSON.stringify(again) === JSON.stringify(table), "written and read it is another");
  },
};

const IMAGES = new Map(["a.jpg", "b.jpg", "ä.png"].map((name) => [name, utf8(name)]));

const labels: Target = {
  name: "labels",
  seeds: ["img_name,target\na.jpg,1\nb.jpg,0\n", "image,label,w\nä.png,real,0.5\na.jpg,fake,2\n"]
    .map(utf8),
  words: [
    ...CELLS,
    "./a.jpg",
    "a.jpg/",
    "a.jpg/..",
    "．．／a.jpg",
    "../folder/a.jpg",
    "./../a.jpg",
  ],
  refuses: [DataError],
  says: "labels.txt",
  async read(bytes) {
    const files = oneFolder(new Map([...IMAGES, ["labels.txt", bytes]]));
    const images = await Folder.open(files, ".");
    const { rows } = await readLabels(files, "labels.txt", { images });
    for (const { path } of rows) {
      const inside = IMAGES.has(path.replace(/^\.\//, "")) || /^(\.\/)?labels\.txt$/.test(path);
      require(inside, `it reaches ${path}`);
    }
  },
};

const COLUMNS = { columns: ["img_name", "p0", "p1"], nameAt: 0 } as const;
const TABLE = { ...COLUMNS, names: ["a.jpg", "b,c.jpg"], rows: [[0.25, 0.75], [1, 1e-30]] };

/** Not Parquet: of that only what was written a moment before is read. */
const table = async (format: TableFormat): Promise<Target> => ({
  name: format,
  seeds: [await formatTable(TABLE, format)],
  words: [...CELLS, "{", "}", "[[[[[[[[", '{"img_name":'.repeat(3000), "null", "true"],
  refuses: [DataError],
  says: `part.${format}`,
  async read(bytes) {
    const where = `part.${format}`;
    const { rows, names } = await parseTable(bytes, { format, where, ...COLUMNS });
    require(names.length === rows.length, `${names.length} names of ${rows.length} rows`);
    for (const row of rows) {
      require(row.length === 2 && row.every((n) => typeof n === "number"), `a row is ${row}`);
    }
  },
});

const OPTIONS = [
  ...['"lr":', '"epochs":1e309', '"__proto__":{"polluted":1}', '"model":null', "//", "/*", "NaN"],
  ...[
    '"augment":[',
    "[".repeat(20000),
    '{"a":'.repeat(20000),
    '"\\ud800"',
    "\0",
    "\ufeff",
    '"run"',
  ],
];

const config: Target = {
  name: "config",
  seeds: [
    '{"model":"resnet18","epochs":3,"lr":0.001,"freeze":"backbone"}',
    '{"augment":"strong","size":64,"batch":8,"classWeights":"auto"}',
  ].map(utf8),
  words: OPTIONS,
  refuses: [UsageError],
  says: "run.json",
  read(bytes) {
    const text = textOf(bytes);
    const options = readConfig(trainCommand(), { text, path: "run.json" });
    require(!("polluted" in {}), "Object.prototype was changed");
    const known = JSON.parse(text.replace(/^\ufeff/, ""));
    for (const name of options.keys()) require(Object.hasOwn(known, name), `it has no ${name}`);
  },
};

const sweep: Target = {
  name: "sweep",
  seeds: [utf8(
    '{"train":{"epochs":4},"search":{"lr":{"min":0.0001,"max":0.1,"log":true},"batch":[8,16]},"trials":4}',
  )],
  words: [...OPTIONS, '"search":{}', '"min":0,"max":0', '"trials":9007199254740993'],
  refuses: [UsageError],
  says: "sweep.json",
  read(bytes) {
    parseConfig(textOf(bytes), "sweep.json");
    const { trials, search } = readSweepFile(textOf(bytes), "sweep.json");
    require(Number.isSafeInteger(trials) && trials > 0, `${trials} trials`);
    require(search.size > 0, "nothing to search");
  },
};

const MEMBERS = [
  { name: "a/1.jpg", path: "a/1.jpg", range: { offset: 512, length: 20 }, size: 20 },
];

const index: Target = {
  name: "tar-index",
  seeds: [utf8(formatIndex(MEMBERS as unknown as Parameters<typeof formatIndex>[0], 10240))],
  words: [...CELLS, "[", "]", "-1", "0.5", '"../a.jpg"', '"AAAA"', "null", "[".repeat(20000)],
  refuses: [DataError],
  says: "a.tar.index",
  read(bytes) {
    const found = parseIndex(textOf(bytes), { where: "a.tar.index", size: 10240 });
    for (const { range: { offset, length } } of found) {
      const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
      require(whole && offset >= 0 && length >= 0, `bytes ${offset} + ${length}`);
      require(offset + length <= 10240, `it ends at ${offset + length}`);
    }
  },
};

/** Targets of this file. */
export const tableTargets: readonly Target[] = [
  csv,
  labels,
  await table("jsonl"),
  config,
  sweep,
  index,
];
