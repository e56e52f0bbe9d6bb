/** Tests of what becomes of files that cannot be used, and that no command changes a person's files. */
import assert from "node:assert/strict";
import { parseCsv } from "../../data/csv.ts";
import { pictures, type TemporaryFolder, temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { tree, verity } from "./command.ts";

const GOOD = ["a", "b"].flatMap((c) => [0, 1, 2, 3, 4].map((i) => `${c}/${i}.png`));

/** Two classes with a page, half an image and an empty file among the images. */
async function dataWithBadFiles(): Promise<TemporaryFolder> {
  const images = await pictures([...GOOD, "half.jpg"]);
  const half = images["half.jpg"]!;
  const good = GOOD.map((name) => [`data/${name}`, images[name]!]);
  return await temporaryFolder({
    ...Object.fromEntries(good),
    "data/a/half.jpg": half.subarray(0, half.length / 2),
    "data/b/page.jpg": "<!doctype html><title>Not found</title>",
    "data/b/empty.png": "",
  });
}

/** Digest, size and time of every file below a folder. */
async function statesOf(dir: string): Promise<string[]> {
  const states: string[] = [];
  for (const name of await tree(dir)) {
    const info = await Deno.stat(`${dir}/${name}`);
    if (!info.isFile) continue;
    const bytes = await Deno.readFile(`${dir}/${name}`);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    states.push(`${name} ${info.size} ${info.mtime?.getTime()} ${digest}`);
  }
  return states;
}

const TRAIN =
  "train --model mobilenetv3_small_100 --size 32 --batch 4 --epochs 1 --workers 1 --data data"
    .split(
      " ",
    );

Deno.test("--on-bad list names every bad file, changes nothing and ends with 3", async () => {
  await using folder = await dataWithBadFiles();
  const before = await statesOf(folder.path);
  const { code, err } = await verity([...TRAIN, "--run", "run", "--on-bad", "list", "--json"], {
    cwd: folder.path,
  });
  assert.equal(code, 3, err);
  assert.match(
    err,
    /Cannot use 3 of 13 images, (a\/half\.jpg|b\/page\.jpg|b\/empty\.png) the first/,
  );
  assert.deepEqual(await statesOf(folder.path), before);
});

deviceTest(
  "--on-bad skip trains without the bad files, lists them, and changes no file",
  async () => {
    await using folder = await dataWithBadFiles();
    const data = `${folder.path}/data`;
    const before = await statesOf(data);
    const flags = ["--run", "run", "--on-bad", "skip", "--cache", "disk", "--cache-dir", "cache"];
    const refused = await verity([...TRAIN, ...flags], { cwd: folder.path });
    assert.equal(refused.code, 3, refused.err);
    assert.match(
      refused.err,
      /Warning: Cannot read a\/half\.jpg[^]*Cannot leave out 3 of 13 images: at most a share of 0\.01 was/,
    );
    const all = [...TRAIN, ...flags, "--max-bad", "0.25"];
    const { code, err } = await verity(all, { cwd: folder.path });
    assert.equal(code, 0, err);
    const list = parseCsv(await Deno.readTextFile(`${folder.path}/run/skipped.csv`), "skipped.csv");
    assert.deepEqual(list.columns, ["img_name", "path", "reason"]);
    assert.deepEqual(
      list.rows.map(([name]) => name).sort(),
      ["a/half.jpg", "b/empty.png", "b/page.jpg"],
    );
    assert.ok(
      list.rows.every(([name, path, reason]) => path!.endsWith(name!) && reason!.includes(name!)),
    );
    assert.deepEqual(await statesOf(data), before);
  },
);
