/** Tests of counting what `deno test` reports. */
import assert from "node:assert/strict";
import { countCases } from "../../cli/test.ts";
import { temporaryFolder } from "../data/fixtures.ts";

Deno.test("countCases() counts the outcomes of a real report", async () => {
  await using folder = await temporaryFolder({
    "some.test.ts": `
      Deno.test("a <b> & c", () => {});
      Deno.test({ name: "d (skipped: no <adapter>)", ignore: true, fn: () => {} });
      Deno.test("e", () => { throw new Error("</testcase> & <skipped/>"); });
      Deno.test("f", async (t) => { await t.step("g", () => {}); });`,
  });
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--junit-path=report.xml", "some.test.ts"],
    cwd: folder.path,
  }).output();
  assert.equal(success, false);
  assert.deepEqual(countCases(await Deno.readTextFile(`${folder.path}/report.xml`)), {
    passed: 3,
    failed: 1,
    skipped: ["d (skipped: no <adapter>)"],
  });
});
