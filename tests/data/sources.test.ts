/** Tests of opening data sets: every layout, and one sentence that names the file for every bad one. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { DataError, type DatasetOptions, openDataset, openImages } from "../../data/sources.ts";
import { readNames } from "../../data/labels.ts";
import { temporaryFolder } from "./fixtures.ts";

/** Files by name with something in them: opening a data set does not decode. */
function named(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, "x"]));
}

function table(...rows: string[]): string {
  return ["img_name,target", ...rows, ""].join("\n");
}

/** The message of the DataError that opening must end with. */
async function message(opening: Promise<unknown>): Promise<string> {
  try {
    await opening;
  } catch (error) {
    assert.ok(error instanceof DataError, String(error));
    assert.equal(error.exitCode, 3);
    assert.match(error.message, /^Cannot [^\n]*[^.\n]$/);
    return error.message;
  }
  assert.fail("a DataError was expected");
}

async function refused(
  files: Record<string, string>,
  options: DatasetOptions,
  ...needed: (string | RegExp)[]
): Promise<void> {
  await using folder = await temporaryFolder(files);
  const at = (path?: string) => path === undefined ? path : `${folder.path}/${path}`;
  const { data, labels, images, ...rest } = options;
  const paths = Object.fromEntries(
    Object.entries({ data: at(data), labels: at(labels), images: at(images) })
      .filter(([, path]) => path !== undefined),
  );
  const text = await message(openDataset(denoFiles, { ...paths, ...rest }));
  for (const part of needed) {
    if (typeof part === "string") assert.ok(text.includes(part), `${text}\nlacks ${part}`);
    else assert.match(text, part);
  }
}

const TRAIN = { "trainset_label.txt": table("a.jpg,1", "b.jpg,0", "c.jpg,1", "d.jpg,0") };
const TRAIN_IMAGES = named("trainset/a.jpg", "trainset/b.jpg", "trainset/c.jpg", "trainset/d.jpg");

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

const PER_CLASS = named(
  ...["cat", "dog"].flatMap((c) => Array.from({ length: 10 }, (_, i) => `${c}/${i}.jpg`)),
);

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

Deno.test("openDataset() refuses options that contradict each other", async () => {
  for (
    const options of [{}, { labels: "a" }, { images: "a" }, { data: "a", labels: "b", images: "c" }]
  ) {
    await assert.rejects(openDataset(denoFiles, options), TypeError);
  }
});

Deno.test("openDataset() refuses a directory that is not there, is empty, or is a file", async () => {
  await refused({}, { data: "none" }, "/none", "does not exist", "trainset/", "folder per class");
  await refused({ "empty/": "" }, { data: "empty" }, "/empty", "holds no folder", "trainset/");
  await refused(named("file"), { data: "file" }, "/file", "is a file");
  await refused(named("docs/a.txt", "src/b.txt"), { data: "" }, "no folder in it holds an image");
});

Deno.test("openDataset() refuses a label file that is not there or says nothing", async () => {
  await refused(TRAIN_IMAGES, { data: "" }, "trainset_label.txt", "does not exist");
  await refused(
    { ...TRAIN_IMAGES, "trainset_label.txt": table() },
    { data: "" },
    "at least one row",
  );
  await refused({ ...TRAIN_IMAGES, "trainset_label.txt": "" }, { data: "" }, "column img_name");
  await refused(
    { ...TRAIN, ...TRAIN_IMAGES, ...named("valset/a.jpg") },
    { data: "" },
    "valset_label.txt",
  );
  await refused(
    { ...TRAIN, ...TRAIN_IMAGES, "valset_label.txt": table("a.jpg,1") },
    { data: "" },
    "/valset:",
  );
});

Deno.test("openDataset() refuses rows that name no file, no class, or one file twice", async () => {
  const rows: [string[], ...(string | RegExp)[]][] = [
    [["gone.jpg,1"], "gone.jpg", "trainset", "row 5 of", "trainset_label.txt"],
    [["a.jpg,0"], "a.jpg", "rows 1 and 5", "trainset_label.txt"],
    [["./a.jpg,0"], "a.jpg", "rows 1 and 5"],
    [["e.jpg,real"], "e.jpg", '"real"', "class number"],
    [["e.jpg,0.5"], "e.jpg", '"0.5"'],
    [["e.jpg,-1"], "e.jpg", '"-1"'],
    [["e.jpg,"], "e.jpg", '""'],
    [["e.jpg"], "row 5", "1 values"],
    [["e.jpg,3", "f.jpg,3"], "class 2", "without a gap"],
    [['e.jpg,"1'], "trainset_label.txt"],
  ];
  for (const [more, ...needed] of rows) {
    await refused(
      {
        ...TRAIN_IMAGES,
        ...named("trainset/e.jpg", "trainset/f.jpg"),
        "trainset_label.txt": TRAIN["trainset_label.txt"] + more.join("\n"),
      },
      { data: "" },
      ...needed,
    );
  }
});

Deno.test("openDataset() refuses a header without the columns", async () => {
  for (const header of ["img_name", "name,label", "img_name,target,target", "a.jpg,1"]) {
    await refused({ ...TRAIN_IMAGES, "trainset_label.txt": `${header}\n` }, { data: "" }, header);
  }
});

Deno.test("openDataset() refuses a class with too few images", async () => {
  await refused(named("a/1.jpg", "b/1.jpg", "b/2.jpg"), { data: "" }, "class a has 1 image");
  await refused(named("a/1.jpg", "a/2.jpg", "b/x.txt"), { data: "" }, "class b", "no image");
  await refused(named("a/1.jpg", "a/2.jpg"), { data: "" }, "1 class (a)");
  await refused(
    {
      ...TRAIN_IMAGES,
      "trainset_label.txt": table("a.jpg,1", "b.jpg,0", "c.jpg,0"),
    },
    { data: "" },
    "class 1 has 1 image",
    "trainset_label.txt",
  );
});

Deno.test("openDataset() refuses a validation class that training lacks", async () => {
  await refused(
    named("train/a/1.jpg", "train/a/2.jpg", "train/b/1.jpg", "train/b/2.jpg", "val/c/1.jpg"),
    { data: "" },
    "class c of val",
  );
  await refused(
    {
      ...TRAIN,
      ...TRAIN_IMAGES,
      ...named("valset/e.jpg"),
      "valset_label.txt": table("e.jpg,2"),
    },
    { data: "" },
    "valset_label.txt",
    "e.jpg has class 2",
  );
});

Deno.test("openDataset() refuses names that leave the folder", async () => {
  const names = [
    "../secret.jpg",
    "a/../../secret.jpg",
    "/etc/passwd",
    "C:\\x.jpg",
    "..\\x.jpg",
    "a\0b",
  ];
  for (const name of names) {
    await refused(
      {
        ...named("secret.jpg"),
        ...Object.fromEntries(Object.entries(TRAIN_IMAGES).map(([k, v]) => [`d/${k}`, v])),
        "d/trainset_label.txt": TRAIN["trainset_label.txt"] + `"${name}",1`,
      },
      { data: "d" },
      "leaves the folder",
      JSON.stringify(name),
    );
  }
});

Deno.test("openDataset() refuses links that lead out of the folder", async () => {
  await using outside = await temporaryFolder(named("secret.jpg", "more/b.jpg"));
  await using folder = await temporaryFolder({ ...TRAIN_IMAGES, ...PER_CLASS });
  const set = `${folder.path}/trainset`;
  await Deno.symlink(`${outside.path}/secret.jpg`, `${set}/out.jpg`);
  await Deno.symlink(`${outside.path}/more`, `${set}/out`);
  await Deno.symlink("a.jpg", `${set}/in.jpg`);
  await Deno.symlink("nowhere.jpg", `${set}/broken.jpg`);
  const labels = `${folder.path}/trainset_label.txt`;
  const open = async (row: string) => {
    await Deno.writeTextFile(labels, TRAIN["trainset_label.txt"] + row);
    return await openDataset(denoFiles, { data: folder.path });
  };
  assert.equal((await open("in.jpg,1")).train.length, 3);
  assert.match(await message(open("out.jpg,1")), /out\.jpg.*leaves the folder/);
  assert.match(await message(open("out/b.jpg,1")), /out\/b\.jpg.*leaves the folder/);
  assert.match(await message(open("broken.jpg,1")), /broken\.jpg.*does not exist/);
  await using classes = await temporaryFolder(PER_CLASS);
  await Deno.symlink(`${outside.path}/more`, `${classes.path}/rat`);
  assert.match(
    await message(openDataset(denoFiles, { data: classes.path })),
    /"rat".*leaves the folder/,
  );
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

Deno.test("readNames() takes the column img_name", async () => {
  await using folder = await temporaryFolder({
    "s.csv": "img_name,y_pred\nb.jpg,0.5\na.jpg,0.5\n",
    "n.txt": "img_name\nb.jpg\n",
    "bad.csv": "name\nb.jpg\n",
  });
  const read = (name: string) => readNames(denoFiles, `${folder.path}/${name}`);
  assert.deepEqual(await read("s.csv"), ["b.jpg", "a.jpg"]);
  assert.deepEqual(await read("n.txt"), ["b.jpg"]);
  assert.match(await message(read("bad.csv")), /bad\.csv.*img_name/);
  assert.match(await message(read("none.csv")), /none\.csv: it does not exist/);
});
