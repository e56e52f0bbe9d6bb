/** Tests of `data` on the command line: text, JSON, page, archives, and what it refuses. */
import assert from "node:assert/strict";
import { madeOf, zipOf } from "../data/archive_files.ts";
import { pictures, temporaryFolder } from "../data/fixtures.ts";
import { verity } from "./command.ts";

Deno.test("data examines a folder and an archive alike, as text, JSON and a page", async () => {
  const names = ["a", "b"].flatMap((c) => [0, 1, 2, 3, 4, 5].map((i) => `${c}/${i}.jpg`));
  const files = await pictures(names, { width: 40, height: 40 });
  const all = { ...files, "b/page.jpg": "<html>", "a/twin.jpg": files["b/0.jpg"]! };
  await using folder = await temporaryFolder({
    ...Object.fromEntries(Object.entries(all).map(([name, bytes]) => [`d/${name}`, bytes])),
    "d.zip": zipOf(madeOf(all)),
  });
  const run = async (...args: string[]) => {
    const ended = await verity(["data", "--workers", "1", ...args], { cwd: folder.path });
    assert.equal(ended.code, 0, ended.err);
    return ended.out;
  };
  const text = await run("--data", "d");
  assert.match(text, /images {6}14, 1 of them cannot be used/);
  assert.match(text, /warning: 1 of 14 images cannot be used/);
  const [plain, zipped] = await Promise.all(["d", "d.zip"].map(async (data) => {
    const out = await run("--data", data, "--json", "--html", `${data}.html`);
    const events = out.trimEnd().split("\n").map((line) => JSON.parse(line));
    const { source: _, notes: __, ...found } = events.find(({ event }) => event === "data");
    return JSON.parse(JSON.stringify(found).replaceAll(`"path":"${data}/`, '"path":"'));
  }));
  assert.deepEqual(zipped, plain);
  assert.equal(plain.unusable.length, 1);
  assert.equal(plain.same_file.length, 1);
  assert.equal(plain.same_file[0].different_classes, true);
  const page = await Deno.readTextFile(`${folder.path}/d.html`);
  assert.ok(page.includes("data:image/jpeg;base64,") && page.includes("page.jpg"));
});

Deno.test("data refuses to start without data, and a page in no folder", async () => {
  await using folder = await temporaryFolder({ "d/a/1.jpg": "x" });
  const rows: [args: string[], code: number, text: RegExp][] = [
    [[], 2, /either --data, or --labels with --images/],
    [["--data", "d", "--html", "none/a.html"], 2, /--html "none\/a\.html": there is no folder/],
    [["--data", "gone"], 3, /gone: it does not exist/],
  ];
  for (const [args, code, text] of rows) {
    const ended = await verity(["data", ...args], { cwd: folder.path });
    assert.equal(ended.code, code, ended.err);
    assert.match(ended.err, text);
  }
});

Deno.test("bench data times decoding, the loader and its caches", async () => {
  const files = await pictures(["a/0.jpg", "a/1.jpg", "b/0.png", "b/1.png"]);
  await using folder = await temporaryFolder(files);
  const args = "bench data --data . --size 16 --workers 1 --seconds 1 --batch 2 --json".split(" ");
  const { code, out, err } = await verity(args, { cwd: folder.path });
  assert.equal(code, 0, err);
  const found = JSON.parse(out);
  assert.equal(found.images, 4);
  for (const rates of [found.img_per_s, found.cpu_us_per_image]) {
    const { workers, ...ways } = rates[0];
    assert.equal(workers, 1);
    const names = ["decode", "prefix", "files", "ram", "ramCentre", "disk"];
    assert.deepEqual(Object.keys(ways), names);
    for (const name of names) assert.ok(ways[name] > 0, name);
  }
  // A number where there is an adapter; null says that there is none.
  assert.equal(found.augment_device === null, found.augment_img_per_s === null);
  if (found.augment_device !== null) assert.ok(found.augment_img_per_s > 0);
});
