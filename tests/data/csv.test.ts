/** Tests of comma-separated values: what is written is read back, what is malformed is refused. */
import assert from "node:assert/strict";
import { formatCsv, parseCsv } from "../../data/csv.ts";
import { DataError } from "../../data/errors.ts";

Deno.test("formatCsv() writes plain lines and quotes only where it must", () => {
  const table = { columns: ["img_name", "y_pred"], rows: [["a.jpg", "0.5"], ['x, "y".jpg', "1"]] };
  const text = formatCsv(table);
  assert.equal(text, 'img_name,y_pred\na.jpg,0.5\n"x, ""y"".jpg",1\n');
  assert.deepEqual(parseCsv(text, "a.csv"), table);
  assert.equal(formatCsv({ columns: ["a"], rows: [] }), "a\n");
});

Deno.test("formatCsv() leaves names that look like formulas as they are", () => {
  const table = { columns: ["img_name"], rows: [["=1+1.jpg"], ["-a.jpg"], ["@b.jpg"]] };
  assert.deepEqual(parseCsv(formatCsv(table), "a.csv"), table);
});

Deno.test("parseCsv() takes Windows' line ends, a byte order mark, blanks and empty lines", () => {
  assert.deepEqual(parseCsv("\ufeffa, b\r\n1 ,2\r\n\r\n , \r\n3,4\r\n", "a.csv"), {
    columns: ["a", "b"],
    rows: [["1", "2"], ["3", "4"]],
  });
  assert.deepEqual(parseCsv("", "a.csv"), { columns: [], rows: [] });
});

Deno.test("parseCsv() names the file and the row that is malformed", () => {
  for (
    const [text, reason] of [["a,b\n1,2\n3\n", /a\.csv: row 2 .*1 values, 2/], [
      'a\n"1',
      /a\.csv/,
    ]] as const
  ) {
    assert.throws(
      () => parseCsv(text, "a.csv"),
      (error) => error instanceof DataError && reason.test(error.message),
    );
  }
});
