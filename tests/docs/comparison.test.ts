/** The comparison with other trainers names tests that exist. */
import assert from "node:assert/strict";

Deno.test("every complaint in docs/comparison.md names a test, and the test is there", async () => {
  const root = new URL("../../", import.meta.url);
  const page = await Deno.readTextFile(new URL("docs/comparison.md", root));
  const rows = page.split("\n").filter((line) => line.startsWith("| ")).slice(2);
  assert.ok(rows.length >= 18, `${rows.length} complaints`);
  for (const row of rows) {
    const [, file, phrase] = /\| `(tests\/[\w/.]+)`: (.+?) +\|$/.exec(row) ?? [];
    assert.ok(file && phrase, `no test in ${row}`);
    const text = await Deno.readTextFile(new URL(file, root));
    assert.ok(text.toLowerCase().includes(phrase.toLowerCase()), `${file} has no "${phrase}"`);
  }
});
