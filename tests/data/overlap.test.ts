/** Tests of images that stand in two lists. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { sharedImages } from "../../data/overlap.ts";
import { temporaryFolder } from "./fixtures.ts";

Deno.test("sharedImages() finds the same bytes under other names, and reads no file of a size or an end of its own", async () => {
  await using folder = await temporaryFolder({
    ...{ "a/1.png": "one", "a/2.png": "two", "a/3.png": "three", "a/4.png": "two" },
    ...{ "b/5.png": "six", "b/6.png": "two", "b/7.png": "seventeen", "b/8.png": "three" },
  });
  const sample = (name: string) => ({ name, path: `${folder.path}/${name}`, label: 0 });
  const read: string[] = [];
  const files = {
    ...denoFiles,
    read: (path: string) => {
      read.push(path.slice(folder.path.length + 1));
      return denoFiles.read(path);
    },
  };
  const first = ["a/1.png", "a/2.png", "a/3.png", "a/4.png"].map(sample);
  const second = ["b/5.png", "b/6.png", "b/7.png", "b/8.png"].map(sample);
  const found = await sharedImages(files, { first, second });
  assert.deepEqual(found.map(({ first, second }) => [first.name, second.name]), [
    ["a/2.png", "b/6.png"],
    ["a/3.png", "b/8.png"],
  ]);
  assert.deepEqual(read, ["a/2.png", "a/3.png", "a/4.png", "b/6.png", "b/8.png"]);
  assert.deepEqual(await sharedImages(files, { first, second: [] }), []);
});
