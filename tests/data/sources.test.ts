/** Tests of opening data sets: every layout, and one sentence that names the file for every bad one. */

import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { openDataset, openImages } from "../../data/sources.ts";
import { readSample } from "../../data/labels.ts";
import { message, named, PER_CLASS, TRAIN, TRAIN_IMAGES } from "./folders.ts";
import { temporaryFolder } from "./fixtures.ts";

for (const prefix of ["", "phase1/"]) {
  Deno.test(`openDataset() reads the FFDI layout at ${prefix || "the root"}`, async () => {
    const files = {
      ...TRAIN,
      ...TRAIN_IMAGES,
      ...named("trainset/spare.jpg", "valset/e.jpg", "valset/f.jpg"),
      // Another order of the columns, one more, a byte order mark and Windows' line ends.
      "valset_label.txt": "\ufefftarget,note,img_name\r\n0,,f.jpg\r\n1,x,e.jpg\r\n",
    };
    await using folder = await temporaryFolder(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [prefix + name, text])),
    );
    const dataset = await openDataset(denoFiles, { data: folder.path });
    assert.deepEqual(dataset.classes, ["0", "1"]);
    assert.deepEqual(dataset.train.map(({ name, label }) => [name, label]), [
      ["a.jpg", 1],
      ["b.jpg", 0],
      ["c.jpg", 1],
      ["d.jpg", 0],
    ]);
    assert.deepEqual(dataset.validation.map(({ name, label }) => [name, label]), [
      ["f.jpg", 0],
      ["e.jpg", 1],
    ]);
    assert.equal(dataset.train[0]!.path, `${folder.path}/${prefix}trainset/a.jpg`);
    assert.match(
      dataset.notes.join("\n"),
      /FFDI layout.*\n1 image \(spare\.jpg\).*without a label/,
    );
  });
}

Deno.test("openDataset() sets validation aside when FFDI has none", async () => {
  await using folder = await temporaryFolder({ ...TRAIN, ...TRAIN_IMAGES });
  const { train, validation, notes } = await openDataset(denoFiles, { data: folder.path });
  assert.deepEqual([train.length, validation.length], [2, 2]);
  assert.deepEqual(validation.map(({ label }) => label).sort(), [0, 1]);
  assert.match(notes.join("\n"), /2 of 4 images set aside class by class \(seed 0\)/);
});

Deno.test("openDataset() divides a folder per class by the seed, class by class", async () => {
  await using folder = await temporaryFolder({
    ...PER_CLASS,
    ...named("cat/notes.txt", "list.csv"),
  });
  const open = (seed: number, validation = 0.2) =>
    openDataset(denoFiles, { data: folder.path, seed, validation });
  const dataset = await open(1);
  assert.deepEqual(dataset.classes, ["cat", "dog"]);
  assert.equal(dataset.train[0]!.name.startsWith("cat/"), true);
  for (const label of [0, 1]) {
    assert.equal(dataset.train.filter((one) => one.label === label).length, 8);
    assert.equal(dataset.validation.filter((one) => one.label === label).length, 2);
  }
  const all = [...dataset.train, ...dataset.validation].map(({ name }) => name);
  assert.equal(new Set(all).size, 20);
  assert.match(dataset.notes.join("\n"), /2 entries \(list\.csv, cat\/notes\.txt\)/);
  assert.deepEqual(await open(1), dataset);
  assert.notDeepEqual((await open(2)).validation, dataset.validation);
  assert.equal((await open(1, 0.5)).validation.length, 10);
  assert.equal((await open(1, 0.001)).validation.length, 2);
  await assert.rejects(open(1, 1), RangeError);
});

Deno.test("openDataset() reads train/ and val/ with a folder per class", async () => {
  await using folder = await temporaryFolder(
    named("train/a/1.png", "train/a/2.png", "train/b/1.png", "train/b/2.png", "val/b/9.png"),
  );
  const { classes, train, validation, notes } = await openDataset(denoFiles, { data: folder.path });
  assert.deepEqual([classes, train.length], [["a", "b"], 4]);
  assert.deepEqual(validation, [
    { name: "b/9.png", path: `${folder.path}/val/b/9.png`, label: 1 },
  ]);
  assert.match(notes.join("\n"), /validation has no image of class a/);
});

Deno.test("openDataset() reads a label file with an image directory", async () => {
  await using folder = await temporaryFolder({
    "l.csv": 'target,img_name\n2,"x, y.jpg"\n1,deep/b.jpg\n0,c.jpg\n2,d.jpg\n1,e.jpg\n0,f.jpg\n',
    ...named("i/x, y.jpg", "i/deep/b.jpg", "i/c.jpg", "i/d.jpg", "i/e.jpg", "i/f.jpg"),
  });
  const { path } = folder;
  const { classes, train, validation } = await openDataset(denoFiles, {
    labels: `${path}/l.csv`,
    images: `${path}/i`,
  });
  assert.deepEqual(classes, ["0", "1", "2"]);
  assert.deepEqual([train.length, validation.length], [3, 3]);
  assert.ok([...train, ...validation].some(({ name }) => name === "x, y.jpg"));
});

Deno.test("openImages() lists a folder or follows names", async () => {
  await using folder = await temporaryFolder(
    named("b.jpg", "a.png", "c.txt", ".hidden.jpg", "d/e.jpg"),
  );
  const { path } = folder;
  assert.deepEqual(await openImages(denoFiles, path), [
    { name: "a.png", path: `${path}/a.png`, label: -1 },
    { name: "b.jpg", path: `${path}/b.jpg`, label: -1 },
  ]);
  const some = await openImages(denoFiles, path, ["d/e.jpg", "a.png"]);
  assert.deepEqual(some.map(({ name }) => name), ["d/e.jpg", "a.png"]);
  assert.match(await message(openImages(denoFiles, path, ["gone.jpg"])), /gone\.jpg/);
  assert.match(
    await message(openImages(denoFiles, path, ["a.png", "b.jpg", "a.png"])),
    /rows 1 and 3/,
  );
  assert.match(await message(openImages(denoFiles, path, ["../a.png"])), /leaves the folder/);
  assert.match(await message(openImages(denoFiles, path, [])), /no image is named/);
  assert.match(await message(openImages(denoFiles, `${path}/none`)), /none: it does not exist/);
  await Deno.mkdir(`${path}/empty`);
  assert.match(await message(openImages(denoFiles, `${path}/empty`)), /empty: it holds no image/);
});

Deno.test("readSample() takes the column img_name, another usual one, or the first of two", async () => {
  await using folder = await temporaryFolder({
    "s.csv": "img_name,y_pred\nb.jpg,0.5\na.jpg,0.5\n",
    "n.txt": "img_name\nb.jpg\n",
    "named.csv": "id;name\n1;b.jpg\n",
    "two.csv": "id,fake\nb.jpg,0\n",
    "bad.csv": "id\nb.jpg\n",
  });
  const read = (name: string) => readSample(denoFiles, `${folder.path}/${name}`);
  assert.deepEqual((await read("s.csv")).names, ["b.jpg", "a.jpg"]);
  assert.deepEqual((await read("n.txt")).names, ["b.jpg"]);
  const named = { names: ["b.jpg"], columns: ["id", "name"], nameAt: 1 };
  assert.deepEqual(await read("named.csv"), named);
  const two = { names: ["b.jpg"], columns: ["id", "fake"], nameAt: 0 };
  assert.deepEqual(await read("two.csv"), two);
  assert.match(await message(read("bad.csv")), /bad\.csv.*img_name/);
  assert.match(await message(read("none.csv")), /none\.csv: it does not exist/);
});
