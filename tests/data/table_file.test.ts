/** Tables of numbers in files: what is written, read back, and read by another program where it is there. */
import assert from "node:assert/strict";
import { formatTable, type NumberTable, parseTable, tableFormat } from "../../data/table_file.ts";
import { hasPackage, python } from "../python.ts";
import { temporaryFolder } from "./fixtures.ts";

const TABLE: NumberTable = {
  columns: ["1", "img_name", "0"], // what a JavaScript object would reorder
  nameAt: 1,
  names: ["b.jpg", 'a,"é".jpg'],
  rows: [[0.1 + 0.2, 1e-300], [1, 0]],
};

for (const format of ["csv", "jsonl", "parquet"] as const) {
  Deno.test(`a table in ${format} is read back to the bit`, async () => {
    const bytes = new Uint8Array(await formatTable(TABLE, format));
    const { columns, nameAt } = TABLE;
    const read = (columns: readonly string[], from = bytes) =>
      parseTable(from, { format, where: "t", columns, nameAt });
    assert.deepEqual(await read(columns), TABLE);
    await assert.rejects(read(["1", "img_name", "2"]), /DataError: Cannot use t: its columns are/);
    await assert.rejects(read(columns, bytes.slice(0, bytes.length - 12)), { name: "DataError" });
  });
}

Deno.test("a table is text where text is asked for", async () => {
  const text = async (format: "csv" | "jsonl") =>
    new TextDecoder().decode(
      await formatTable({ ...TABLE, columns: ["p", "id", "q"] }, format),
    );
  assert.equal(
    await text("csv"),
    'p,id,q\n0.30000000000000004,b.jpg,1e-300\n1,"a,""é"".jpg",0\n',
  );
  assert.equal(
    await text("jsonl"),
    '{"p":0.30000000000000004,"id":"b.jpg","q":1e-300}\n{"p":1,"id":"a,\\"é\\".jpg","q":0}\n',
  );
});

Deno.test("a cell that is no number is refused with its row", async () => {
  const bytes = new TextEncoder().encode("id,p\na,0.5\nb,\n");
  const read = parseTable(bytes, { format: "csv", where: "t", columns: ["id", "p"], nameAt: 0 });
  await assert.rejects(read, /row 2 has "", a number was needed/);
  for (
    const [text, reason] of [
      ['{"id":"a","p":null}', /row 1 has null, a number was needed/],
      ['{"id":"a","p":[]}', /row 1 has \[\], a number was needed/],
      ["null", /t, line 1: it is null, an object in JSON was needed/],
    ] as const
  ) {
    const bytes = new TextEncoder().encode(text);
    const read = parseTable(bytes, {
      format: "jsonl",
      where: "t",
      columns: ["id", "p"],
      nameAt: 0,
    });
    await assert.rejects(read, reason);
  }
});

Deno.test("tableFormat() goes by the ending", () => {
  const names = ["a.csv", "b.JSONL", "c.d.ndjson", "/e.x/f.parquet", "g.csv.txt", "csv"];
  assert.deepEqual(
    names.map(tableFormat),
    ["csv", "jsonl", "jsonl", "parquet", undefined, undefined],
  );
});

// A reader that shares no code with the writer.
const pyarrow = await hasPackage("pyarrow");

Deno.test({
  name: `pyarrow reads the Parquet file${pyarrow ? "" : " (skipped: Python has no pyarrow)"}`,
  ignore: !pyarrow,
  fn: async () => {
    const bytes = await formatTable(TABLE, "parquet");
    await using folder = await temporaryFolder({ "t.parquet": bytes });
    const script = "import json, sys, pyarrow.parquet as p; t = p.read_table(sys.argv[1]); " +
      "print(json.dumps([t.column_names, [str(f.type) for f in t.schema], t.to_pydict()]))";
    const { out, err } = await python("-c", script, `${folder.path}/t.parquet`);
    assert.notEqual(out, "", err);
    const [names, types, columns] = JSON.parse(out);
    assert.deepEqual(names, TABLE.columns);
    assert.deepEqual(types, ["double", "string", "double"]);
    assert.deepEqual(columns, {
      "1": [0.1 + 0.2, 1],
      "img_name": TABLE.names,
      "0": [1e-300, 0],
    });
  },
});
