/** Files and folders whose names are HTML, in every page that is written: Chromium finds text, and nothing runs. */

import { strict as assert } from "node:assert";
import { run as compare } from "../../cli/compare.ts";
import { run as data } from "../../cli/data.ts";
import { run as report } from "../../cli/report.ts";
import { pageTest } from "../browser/watched.ts";
import { pictures, temporaryFolder } from "../data/fixtures.ts";
import { HOSTILE, madeRun } from "../report/made_run.ts";

/** Ends what a name may stand in, an attribute or a script, and does harm. */
const NAME = `"'>--><∕script>${HOSTILE}`;

pageTest("names of files, folders and classes run nothing in any page", async (open) => {
  const names = [0, 1, 2, 3].map((i) => `${i % 2 ? NAME : "plain"}/${NAME}${i}.png`);
  const files = Object.entries(await pictures(names)).map((
    [name, bytes],
  ) => [`data ${NAME}/${name}`, bytes]);
  await using dir = await temporaryFolder(Object.fromEntries(files));
  const [of, other] = [
    await madeRun(`${dir.path}/${NAME}`),
    await madeRun(dir.path, { classes: 3 }),
  ];
  assert.equal(await report([of, "--no-cam", "--json"]), 0);
  assert.equal(await compare([of, other, "--out", `${dir.path}/compare.html`, "--json"]), 0);
  const html = ["--html", `${dir.path}/data.html`];
  assert.equal(
    await data(["--data", `${dir.path}/data ${NAME}`, "--workers", "1", "--json", ...html]),
    0,
  );
  const written = [
    `${of}/report.html`,
    `${dir.path}/compare.html`,
    `${dir.path}/data.html`,
    `${of}/MODEL_CARD.md`,
  ];
  const { page } = await open();
  for (const path of written) {
    // What stands between fences of a card is code.
    const text = (await Deno.readTextFile(path)).replaceAll(/^```.*?^```/gms, "");
    assert.ok(text.includes("onerror"), `${path} has the name`);
    // A page forbids itself what it does not need; names must be harmless without that too. A card is no page, but
    // those who show Markdown may let HTML through.
    const unguarded = text.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/i, "");
    assert.equal(unguarded === text, path.endsWith(".md"));
    for (const shown of [text, unguarded]) {
      await page.goto("about:blank");
      await page.setContent(shown, { waitUntil: "load" });
      assert.equal(await page.locator("[onerror], [onload], img[src='x']").count(), 0, path);
      assert.notEqual(await page.title(), "owned");
      assert.ok((await page.locator("body").innerText()).includes("<img src=x onerror"), path);
    }
  }
});

Deno.test("no page takes text for HTML or for a program", async () => {
  const root = new URL("../../", import.meta.url);
  const wrong: string[] = [];
  const look = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
      if (isDirectory) await look(`${folder}${name}/`);
      if (!/\.(ts|js|html)$/.test(name)) continue;
      const text = await Deno.readTextFile(new URL(folder + name, root));
      const found =
        /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|new Function)\b|\beval\(/;
      if (found.test(text)) wrong.push(`${folder}${name}: ${found.exec(text)![0]}`);
    }
  };
  for (const folder of ["web/", "report/"]) await look(folder);
  assert.deepEqual(wrong, []);
});
