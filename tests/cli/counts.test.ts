/** Tests of counting what `deno test` reports. */
import assert from "node:assert/strict";
import { countCases, runTests } from "../../cli/test.ts";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryFolder } from "../data/fixtures.ts";
import { tree } from "./command.ts";

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
    interrupted: [],
  });
});

Deno.test("tests that do not end are named when their time is over, and what they started is killed", async () => {
  await using folder = await temporaryFolder({
    "a.test.ts": `Deno.test("ends", () => Deno.writeTextFileSync("ended", ""));`,
    "b.test.ts": `Deno.test("computes <for> long", () => {
      Deno.writeTextFileSync("spinning", "");
      for (const end = Date.now() + 120_000; Date.now() < end;);
    });`,
    "c.test.ts": `Deno.test("waits for a process", async (t) => {
      await t.step("that sleeps", async () => {
        const child = new Deno.Command(Deno.execPath(), {
          args: ["eval", "setInterval(() => Deno.writeTextFileSync('awake', ''), 10); setTimeout(Deno.exit, 120_000);"],
        }).spawn();
        await child.status;
      });
    });`,
  });
  const { path } = folder;
  const exists = async (...names: string[]) => {
    const there = await tree(path);
    return names.every((name) => there.includes(name));
  };
  const late = new AbortController();
  const counted = runTests(path, { jobs: 3, late: late.signal });
  for (let left = 3000; !await exists("ended", "spinning", "awake"); left--) {
    assert.ok(left > 0, "the tests do not begin");
    await delay(20);
  }
  late.abort();
  const { passed, failed, interrupted } = await counted;
  assert.deepEqual([passed, failed], [1, 2]);
  assert.deepEqual(interrupted.toSorted(), [
    "computes <for> long (./b.test.ts)",
    "waits for a process (./c.test.ts)",
  ]);
  await delay(50);
  await Deno.remove(`${path}/awake`);
  await delay(50);
  assert.equal(await exists("awake"), false);
});
