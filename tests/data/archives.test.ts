/** Tests of archives read in place: the same files as in a folder, and every bad archive refused. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { crc32 } from "../../models/crc32.ts";
import { withArchives } from "../../data/archives/mount.ts";
import type { Files } from "../../data/files.ts";
import { Loader } from "../../data/loader.ts";
import { openDataset, openImages } from "../../data/sources.ts";
import { gzipOf, type Made, madeOf, tarOf, zipOf } from "./archive_files.ts";
import { pictures, temporaryFolder } from "./fixtures.ts";
import { message } from "./folders.ts";

const PICTURES = await pictures(
  ["cat/1.jpg", "cat/2.png", "cat/3.jpg", "dog/1.jpg", "dog/2.png", "dog/3.jpg"],
);
const MADE = madeOf(PICTURES);

const ARCHIVES: readonly [name: string, bytes: Uint8Array][] = [
  ["stored.zip", zipOf(MADE)],
  ["packed.zip", zipOf(MADE.map((one) => ({ ...one, deflate: true })))],
  ["plain.tar", tarOf(MADE)],
  ["packed.tar.gz", gzipOf(tarOf(MADE))],
  ["packed.TGZ", gzipOf(tarOf(MADE))],
];

Deno.test("crc32() gives the check value of its standard", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

Deno.test("an archive gives the same batches as the folder it was made of", async () => {
  await using folder = await temporaryFolder({
    ...Object.fromEntries(Object.entries(PICTURES).map(([name, bytes]) => [`d/${name}`, bytes])),
    ...Object.fromEntries(ARCHIVES),
  });
  const epoch = async (path: string) => {
    const files = withArchives(denoFiles);
    const { train, validation, classes } = await openDataset(files, { data: path });
    assert.deepEqual(classes, ["cat", "dog"]);
    const loader = await Loader.open([...train, ...validation], files, { workers: 1 });
    const rows = [];
    const options = { batch: 2, size: 12, train: true, seed: 1, epoch: 0 };
    for await (const { images, labels } of loader.batches(options)) rows.push({ images, labels });
    loader.close();
    return rows;
  };
  const expected = await epoch(`${folder.path}/d`);
  assert.equal(expected.length, 3);
  for (const [name] of ARCHIVES) {
    assert.deepEqual(await epoch(`${folder.path}/${name}`), expected, name);
  }
});

Deno.test("an archive is read by ranges: never whole, and not beyond the files asked for", async () => {
  for (const [name, bytes] of ARCHIVES.slice(0, 3)) {
    await using folder = await temporaryFolder({ [name]: bytes });
    let most = 0;
    const counting: Files = {
      ...denoFiles,
      read: () => Promise.reject(new Error("the archive was read whole")),
      readRange(path, range) {
        most = Math.max(most, range.length);
        return denoFiles.readRange(path, range);
      },
    };
    const files = withArchives(counting);
    for (const [file, content] of Object.entries(PICTURES)) {
      assert.deepEqual(await files.read(`${folder.path}/${name}/./${file}`), content);
      assert.equal((await files.info(`${folder.path}/${name}/${file}`)).size, content.length);
    }
    assert.ok(most < bytes.length || most <= 4096, `${most} bytes of ${bytes.length} at once`);
  }
});

Deno.test("a folder that is named like an archive is a folder", async () => {
  await using folder = await temporaryFolder({ "a.zip/b/1.jpg": PICTURES["cat/1.jpg"]! });
  const files = withArchives(denoFiles);
  assert.equal(await files.kind(`${folder.path}/a.zip/b/1.jpg`), "file");
  assert.equal((await files.list(`${folder.path}/a.zip`))[0]!.name, "b");
});

Deno.test("an archive may hold all in one folder, Finder's leftovers, and long names", async () => {
  const long = `faces/cat/${"x".repeat(120)}.jpg`;
  const files = madeOf({
    ...Object.fromEntries(Object.entries(PICTURES).map(([name, b]) => [`./faces/${name}`, b])),
    [long]: PICTURES["cat/1.jpg"]!,
    "__MACOSX/faces/cat/._1.jpg": "x",
    "faces/.DS_Store": "x",
  });
  for (
    const [name, bytes] of [
      ["a.zip", zipOf(files)],
      ["pax.tar", tarOf(files)],
      ["gnu.tar", tarOf(files, { gnu: true })],
    ] as const
  ) {
    await using folder = await temporaryFolder({ [name]: bytes });
    const path = `${folder.path}/${name}`;
    const { train, validation, notes } = await openDataset(withArchives(denoFiles), { data: path });
    const all = [...train, ...validation];
    assert.equal(all.length, 7, name);
    assert.ok(all.some((sample) => sample.path === `${path}/${long}`));
    assert.ok(notes.includes(`a folder per class in ${path}/faces`), notes.join("\n"));
  }
});

Deno.test("the FFDI layout and label files are found in archives", async () => {
  const table = "img_name,target\n1.jpg,0\n2.png,1\n3.jpg,0\n4.png,1\n";
  const images = Object.fromEntries(
    ["1.jpg", "2.png", "3.jpg", "4.png"].map((name) => [name, PICTURES["cat/1.jpg"]!]),
  );
  const set = Object.fromEntries(
    Object.entries(images).map(([name, bytes]) => [`phase1/trainset/${name}`, bytes]),
  );
  await using folder = await temporaryFolder({
    "ffdi.zip": zipOf(madeOf({ ...set, "phase1/trainset_label.txt": table })),
    "images.tar": tarOf(madeOf(images)),
    "labels.csv": table,
  });
  const { path } = folder;
  const files = withArchives(denoFiles);
  const ffdi = await openDataset(files, { data: `${path}/ffdi.zip` });
  assert.deepEqual([ffdi.train.length, ffdi.validation.length], [2, 2]);
  const labels = await openDataset(files, {
    labels: `${path}/labels.csv`,
    images: `${path}/images.tar`,
  });
  assert.deepEqual(
    labels.validation.map(({ name }) => name),
    ffdi.validation.map(({ name }) => name),
  );
  assert.equal((await openImages(files, `${path}/images.tar`)).length, 4);
});

/** A ZIP archive whose directory says that its only member begins near 2³². */
function beyond(zip: Uint8Array): Uint8Array {
  const wrong = zip.slice();
  const view = new DataView(wrong.buffer);
  const directory = view.getUint32(wrong.length - 6, true);
  view.setUint32(directory + 42, 0xfffffff0, true);
  return wrong;
}

Deno.test("a bad archive is refused with its name and the reason", async () => {
  const good: Made = { name: "a/1.jpg", bytes: PICTURES["cat/1.jpg"]! };
  const [zip, tar] = [zipOf([good]), tarOf([good])];
  const escapes = ["../a.jpg", "a/../../b.jpg", "/etc/a.jpg", "C:\\a.jpg", "..\\a.jpg"];
  const rows: [name: string, bytes: Uint8Array, reason: RegExp][] = [
    ["empty.zip", new Uint8Array(), /directory cannot be read/],
    ["page.zip", new TextEncoder().encode("<html>not found</html>"), /directory cannot be read/],
    ["cut.zip", zip.subarray(0, zip.length - 30), /directory cannot be read/],
    ["link.zip", zipOf([{ ...good, mode: 0o120777 }]), /a\/1\.jpg is a link/],
    ["twice.zip", zipOf([good, good]), /a\/1\.jpg stands in it twice/],
    ["both.zip", zipOf([good, { ...good, name: "a/1.jpg/b.jpg" }]), /a file and a folder/],
    ["page.tar", new TextEncoder().encode("<html>".repeat(200)), /no header at byte 0/],
    ["cut.tar", tar.subarray(0, 700), /it ends at byte 700/],
    ["link.tar", tarOf([{ ...good, type: "2" }]), /a link or a device/],
    ["hard.tar", tarOf([{ ...good, type: "1" }]), /a link or a device/],
    ["twice.tar", tarOf([good, good]), /stands in it twice/],
    ["cut.tar.gz", gzipOf(tar).subarray(0, 60), /does not unpack/],
    ["page.tgz", new TextEncoder().encode("<html>"), /does not unpack/],
    ...escapes.flatMap((name): typeof rows => [
      ["escape.zip", zipOf([{ ...good, name }]), /leaves the archive/],
      ["escape.tar", tarOf([{ ...good, name }]), /leaves the archive/],
    ]),
  ];
  for (const [name, bytes, reason] of rows) {
    await using folder = await temporaryFolder({ [name]: bytes });
    const path = `${folder.path}/${name}`;
    const text = await message(openDataset(withArchives(denoFiles), { data: path }));
    assert.ok(text.includes(path), text);
    assert.match(text, reason);
  }
});

Deno.test("a member that is damaged or a bomb is refused when it is read", async () => {
  const bytes = PICTURES["cat/1.jpg"]!;
  const [stored, packed] = [false, true].map((deflate) =>
    zipOf([{ name: "1.jpg", bytes, deflate }])
  ) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  const flipped = (zip: Uint8Array) => zip.map((byte, i) => i === 80 ? byte ^ 1 : byte);
  const zeros = new Uint8Array(2 ** 20);
  const rows: [zip: Uint8Array, reason: RegExp][] = [
    [flipped(stored), /length and checksum/],
    [flipped(packed), /length and checksum/],
    // It says that it has 100 bytes and unpacks to a million.
    [zipOf([{ name: "1.jpg", bytes: zeros, deflate: true, size: 100 }]), /length and checksum/],
    [zipOf([{ name: "1.jpg", bytes: zeros, deflate: true, size: 2 ** 31 }]), /2147483648 bytes/],
  ];
  for (const [zip, reason] of rows) {
    await using folder = await temporaryFolder({ "a.zip": zip });
    const text = await message(withArchives(denoFiles).read(`${folder.path}/a.zip/1.jpg`));
    assert.ok(text.includes(`${folder.path}/a.zip/1.jpg`), text);
    assert.match(text, reason);
  }
  await using folder = await temporaryFolder({ "a.zip": beyond(stored) });
  const text = await message(withArchives(denoFiles).read(`${folder.path}/a.zip/1.jpg`));
  assert.match(text, /a\.zip: it says that something ends at byte \d+ of \d+/);
});
