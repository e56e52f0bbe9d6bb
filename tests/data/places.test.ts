/** Tests of tables with other columns, groups, shards, and several places at once. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { withArchives } from "../../data/archives/mount.ts";
import { type DatasetOptions, openDataset } from "../../data/sources.ts";
import { madeOf, tarOf } from "./archive_files.ts";
import { temporaryFolder } from "./fixtures.ts";
import { message, named, PER_CLASS } from "./folders.ts";

const NAMES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg"];
const IMAGES = named(...NAMES.map((name) => `i/${name}`));

/** Opens a label file with this text. */
async function openTable(text: string, options: DatasetOptions = {}) {
  await using folder = await temporaryFolder({ ...IMAGES, "l.csv": text });
  const places = { labels: `${folder.path}/l.csv`, images: `${folder.path}/i` };
  const dataset = await openDataset(denoFiles, { ...places, ...options });
  const all = [...dataset.train, ...dataset.validation];
  return { ...dataset, all: all.sort((a, b) => a.name < b.name ? -1 : 1) };
}

/** A table of the six images; `rest` is what stands behind each name. */
function tableOf(header: string, rest: readonly string[], delimiter = ","): string {
  const rows = NAMES.map((name, i) => `${name}${delimiter}${rest[i % rest.length]}`);
  return [header, ...rows, ""].join("\n");
}

Deno.test("a label file may be separated by commas, semicolons or tabs and name classes by words", async () => {
  for (const delimiter of [",", ";", "\t"]) {
    const text = tableOf(["image", "class"].join(delimiter), ["real", '"fake"'], delimiter);
    const { classes, all, notes } = await openTable(`\ufeff${text.replaceAll("\n", "\r\n")}`);
    assert.deepEqual(classes, ["fake", "real"]);
    assert.deepEqual(all.map(({ label }) => label), [1, 0, 1, 0, 1, 0]);
    assert.match(notes.join("\n"), /column image of .*l\.csv names the images, column class/);
  }
});

Deno.test("columns are found by the names asked for, quoted names and delimiters too", async () => {
  const text = tableOf('"file, name";y;img_name', ['"1";x', "0;y"], ";");
  const { all } = await openTable(text, { nameColumn: "file, name", labelColumn: "y" });
  assert.deepEqual(all.map(({ label }) => label), [1, 0, 1, 0, 1, 0]);
  assert.match(await message(openTable(text, { nameColumn: "file" })), /one column file was/);
  assert.match(
    await message(
      openTable(text, { nameColumn: "file, name", labelColumn: "y", groupColumn: "video" }),
    ),
    /one column video was/,
  );
});

Deno.test("numbers as programs with missing values write them are numbers", async () => {
  const { classes, all } = await openTable(tableOf("img_name,target", ["1.0", "0.0"]));
  assert.deepEqual(classes, ["0", "1"]);
  assert.deepEqual(all.map(({ label }) => label), [1, 0, 1, 0, 1, 0]);
});

Deno.test("a mixture of words and numbers is refused with the row that is odd", async () => {
  const rows = ["cat", "dog", "cat", "7", "cat", "dog"];
  const text = await message(openTable(tableOf("img_name,target", rows)));
  assert.match(text, /l\.csv: the label of d\.jpg is "7", a class name/);
});

Deno.test("weights and groups come from their columns", async () => {
  const rows = ["0,2,v1", "1,0.5,v2", "0,1,", "1,0,v4", "0,1,v1", "1,3,v2"];
  const text = tableOf("img_name,target,weight,video", rows);
  const { all, train, validation, notes } = await openTable(text, {
    weightColumn: "weight",
    groupColumn: "video",
    validation: 0.3,
  });
  assert.deepEqual(all.map(({ weight }) => weight), [2, 0.5, 1, 0, 1, 3]);
  assert.deepEqual(all.map(({ group }) => group), ["v1", "v2", undefined, "v4", "v1", "v2"]);
  const sides = new Set(train.map(({ group }) => group).filter((group) => group !== undefined));
  assert.ok(validation.every(({ group }) => group === undefined || !sides.has(group)));
  assert.match(notes.join("\n"), /in whole groups \(3 of them\)/);
  for (const weight of ["-1", "much", "", "NaN", "Infinity"]) {
    const wrong = text.replace("a.jpg,0,2", `a.jpg,0,${weight}`);
    const said = await message(openTable(wrong, { weightColumn: "weight" }));
    assert.ok(said.includes(`the weight of a.jpg is ${JSON.stringify(weight)}`), said);
  }
});

Deno.test("groups come from names by a pattern that every name matches", async () => {
  const names = ["x_1", "x_2", "x_3", "y_1", "y_2", "z_1", "z_2"].flatMap((name) => [
    `a/${name}.jpg`,
    `b/${name}.jpg`,
  ]);
  await using folder = await temporaryFolder(named(...names));
  const open = (groupPattern: RegExp, more: DatasetOptions = {}) =>
    openDataset(denoFiles, { data: folder.path, groupPattern, ...more });
  for (let fold = 0; fold < 3; fold++) {
    const { train, validation } = await open(/([a-z])_\d/, { folds: 3, fold });
    assert.equal(new Set(validation.map(({ group }) => group)).size, 1);
    assert.ok(train.every(({ group }) => group !== validation[0]!.group));
  }
  assert.match(await message(open(/x_\d/)), /Cannot group a\/y_1\.jpg by \/x_/);
});

Deno.test("parts that a data set has are kept, and checked for groups and folds", async () => {
  const parts = named(
    ...["train/a/p1_1", "train/a/p2_1", "train/b/p3_1", "train/b/p4_1", "val/a/p5_1", "val/b/p1_2"]
      .map((name) => `${name}.jpg`),
  );
  await using folder = await temporaryFolder(parts);
  const open = (options: DatasetOptions) =>
    openDataset(denoFiles, { data: folder.path, ...options });
  assert.equal((await open({ groupPattern: /p\d_\d/ })).validation.length, 2);
  assert.match(await message(open({ groupPattern: /p\d/ })), /group p1 is in training and in/);
  assert.match(await message(open({ folds: 2 })), /2 folds: it has a validation part of its own/);
  assert.match(await message(open({ labelColumn: "y" })), /column y .*it has no label file/);
});

Deno.test("groups that leave training without a class are refused", async () => {
  await using folder = await temporaryFolder(
    named("a/v1.jpg", "a/v2.jpg", "b/v1.jpg", "b/v1x.jpg"),
  );
  const text = await message(
    openDataset(denoFiles, { data: folder.path, groupPattern: /v\d/, folds: 2, fold: 0 }),
  );
  assert.match(text, /without its validation part: class b has no image/);
});

/** Members of a shard: an image and its class for each key. */
function shard(classes: Record<string, string>, ending = "cls") {
  return tarOf(madeOf(Object.fromEntries(
    Object.entries(classes).flatMap((
      [key, text],
    ) => [[`${key}.jpg`, "x"], [`${key}.${ending}`, text]]),
  )));
}

Deno.test("WebDataset shards are read by their classes and divided by their names", async () => {
  await using folder = await temporaryFolder({
    "s/train-000.tar": shard({ "a/0001": "1\n", "a/0002": "0" }),
    "s/train-001.tar": shard({ "0003": '{"label": 1, "x": 2}', "0004": '{"label": 0}' }, "json"),
    "s/val-000.tar": shard({ "0005": "0" }),
    "words/0.tar": shard({ a: "cat", b: "dog", c: "cat", d: "dog" }),
    "one.tar": shard({ a: "0", b: "1", c: "0", d: "1" }),
    "bare/0.tar": tarOf(madeOf({ "a.jpg": "x", "b.jpg": "x", "b.cls": "0" })),
    "odd/0.tar": shard({ a: "[]" }, "json"),
  });
  const { path } = folder;
  const open = (data: string) => openDataset(withArchives(denoFiles), { data: `${path}/${data}` });
  const { train, validation, notes } = await open("s");
  assert.deepEqual(train.map(({ name, label }) => [name, label]), [
    ["train-000.tar/a/0001.jpg", 1],
    ["train-000.tar/a/0002.jpg", 0],
    ["train-001.tar/0003.jpg", 1],
    ["train-001.tar/0004.jpg", 0],
  ]);
  assert.deepEqual(validation.map((one) => one.path), [`${path}/s/val-000.tar/0005.jpg`]);
  assert.match(notes.join("\n"), /WebDataset layout in .*2 shards of train, 1 shard of validation/);
  assert.deepEqual((await open("words")).classes, ["cat", "dog"]);
  assert.equal((await open("one.tar")).train.length, 2);
  assert.match(await message(open("bare")), /0\.tar\/a\.jpg: it has no class, a\.cls or a\.json/);
  assert.match(await message(open("odd")), /a\.json: it has none of label/);
});

Deno.test("several places are one data set with the classes of the first", async () => {
  await using folder = await temporaryFolder({
    ...Object.fromEntries(Object.keys(PER_CLASS).map((name) => [`one/${name}`, "x"])),
    ...named("x/more/cat/1.jpg", "x/more/cat/2.jpg", "x/more/dog/3.jpg", "x/more/dog/4.jpg"),
    ...named("more/cat/1.jpg", "more/cat/2.jpg", "more/dog/3.jpg", "more/dog/4.jpg"),
    ...named("rats/cat/1.jpg", "rats/cat/2.jpg", "rats/rat/1.jpg", "rats/rat/2.jpg"),
    ...named("v/train/cat/1.jpg", "v/train/cat/2.jpg", "v/train/dog/1.jpg", "v/train/dog/2.jpg"),
    ...named("v/val/cat/1.jpg"),
  });
  const { path } = folder;
  const open = (...places: readonly (readonly [string, number?])[]) =>
    openDataset(denoFiles, {
      data: places.map(([name, weight]) => ({
        path: `${path}/${name}`,
        ...(weight !== undefined && { weight }),
      })),
    });
  const { train, validation, classes } = await open(["one"], ["more", 0.5], ["x/more", 2]);
  assert.deepEqual(classes, ["cat", "dog"]);
  const all = [...train, ...validation];
  assert.equal(all.length, 28);
  assert.equal(new Set(all.map(({ name }) => name)).size, 28);
  const find = (name: string) => all.find((sample) => sample.name === name)!;
  assert.deepEqual(
    [find("one/cat/1.jpg"), find("more/dog/3.jpg"), find("more~2/dog/3.jpg")].map((s) => s.weight),
    [undefined, 0.5, 2],
  );
  assert.match(await message(open(["one"], ["rats"])), /rats with .*one: its class rat is new/);
  assert.match(await message(open(["one"], ["v"])), /one with .*v: only the latter has a/);
});
