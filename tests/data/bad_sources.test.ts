/** What a person can get wrong about folders and label files: one sentence each that names it. */

import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { openDataset } from "../../data/sources.ts";
import { message, named, PER_CLASS, refused, table, TRAIN, TRAIN_IMAGES } from "./folders.ts";
import { temporaryFolder } from "./fixtures.ts";

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
  for (
    const header of ["img_name", "id,score", "img_name,target,target", "a.jpg,1", "name,path,label"]
  ) {
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
    "a\\..\\..\\x.jpg",
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
