/** The table of faults has all of them, each with a test that exists and a figure, and tasks that exist. */
import assert from "node:assert/strict";

Deno.test("docs/reliability.md has R1 to R20, each with tests and tasks that are there", async () => {
  const root = new URL("../../", import.meta.url);
  const page = await Deno.readTextFile(new URL("docs/reliability.md", root));
  const [table] = page.split("\n\n").filter((part) => part.startsWith("| threat "));
  const rows = table!.split("\n").slice(2).map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.trim())
  );
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  for (const cells of rows) {
    assert.equal(cells.length, 4, cells[0]);
    for (const cell of cells) assert.ok(cell.length > 0, `${cells[0]}: an empty cell`);
    const files = [...cells.join().matchAll(/tests\/[\w/.]+\.ts/g)].map(([path]) => path);
    assert.ok(files.length > 0, `${cells[0]}: no test`);
    for (const path of files) await Deno.stat(new URL(path, root));
  }
  for (const [, name] of page.matchAll(/deno task ([\w:]+)/g)) assert.ok(name! in tasks, name);
  const known = new Set(rows.flatMap(([threat]) => threat!.match(/\bR\d+\b/g) ?? []));
  const missing = Array.from({ length: 20 }, (_, i) => `R${i + 1}`).filter((r) => !known.has(r));
  assert.deepEqual(missing, []);
});
