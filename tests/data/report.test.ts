/** Tests of the data report: planted duplicates, leaks and broken files are found, and nothing else is. */
import assert from "node:assert/strict";
import sharp, { type Sharp } from "sharp";
import { denoFiles } from "../../cli/files.ts";
import { demoImage } from "../../data/demo.ts";
import { encodeJpeg } from "../../data/encode.ts";
import type { Image } from "../../data/image.ts";
import { sequence } from "../../data/random.ts";
import { nearGroups } from "../../data/report/duplicates.ts";
import { areaOf, leaksOf } from "../../data/report/leaks.ts";
import { distance, type Looks, looksOf } from "../../data/report/looks.ts";
import { reportPage, shownImages } from "../../data/report/page.ts";
import { type DataReport, reportOf } from "../../data/report/report.ts";
import { Scanner } from "../../data/report/scan.ts";
import { reportData, reportLines } from "../../data/report/text.ts";
import { openDataset } from "../../data/sources.ts";
import { temporaryFolder } from "./fixtures.ts";

/** A portrait of the demo set, each seed another. */
const portrait = (seed: number): Image => demoImage(seed, 1, false, 64);

async function remade(bytes: Uint8Array, change: (image: Sharp) => Sharp) {
  return new Uint8Array(await change(sharp(bytes)).toBuffer());
}

/** The report on a folder with these files. */
async function examined(files: Record<string, Uint8Array | string>): Promise<DataReport> {
  await using folder = await temporaryFolder(files);
  const dataset = await openDataset(denoFiles, { data: folder.path });
  const scanner = await Scanner.open(denoFiles, { workers: 1 });
  try {
    const samples = (["train", "validation"] as const).flatMap((part) =>
      dataset[part].map((sample) => ({ sample, part }))
    );
    return reportOf(dataset, await scanner.scan(samples), "here");
  } finally {
    scanner.close();
  }
}

/** Two classes of different portraits with the same quality, in train/ and val/. */
async function cleanFiles(): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  let seed = 0;
  for (const [part, count] of [["train", 14], ["val", 6]] as const) {
    for (let i = 0; i < count; i++) {
      for (const name of ["a", "b"]) {
        files[`${part}/${name}/${i}.jpg`] = await encodeJpeg(portrait(seed++), 90);
      }
    }
  }
  return files;
}

const CLEAN = await cleanFiles();

const names = (report: DataReport, kind: "exact" | "near") =>
  report[kind].map(({ images }) => images.map(({ sample, part }) => `${part} ${sample.name}`));

Deno.test("a clean set gives no warning", async () => {
  const report = await examined(CLEAN);
  assert.deepEqual(report.warnings, []);
  assert.deepEqual([report.exact, report.near, report.unusable], [[], [], []]);
  assert.deepEqual(report.counts, { train: [14, 14], validation: [6, 6] });
  assert.deepEqual(report.formats, { jpeg: 40 });
  assert.deepEqual(report.widths, { least: 64, median: 64, most: 64 });
  assert.equal(reportLines(report).at(-1), "No warning");
});

Deno.test("planted copies are found: the same bytes, encoded again, resized, across the split", async () => {
  const original = CLEAN["train/a/3.jpg"]!;
  const report = await examined({
    ...CLEAN,
    "val/a/copy.jpg": original,
    "train/b/twin.jpg": CLEAN["train/b/5.jpg"]!,
    "train/b/again.jpg": await remade(CLEAN["train/a/7.jpg"]!, (s) => s.jpeg({ quality: 60 })),
    "val/b/small.png": await remade(CLEAN["val/b/2.jpg"]!, (s) => s.resize(40, 40).png()),
    "train/a/bright.webp": await remade(CLEAN["val/a/1.jpg"]!, (s) => s.linear(1.15, 4).webp()),
  });
  assert.deepEqual(names(report, "exact"), [
    ["train a/3.jpg", "validation a/copy.jpg"],
    ["train b/5.jpg", "train b/twin.jpg"],
  ]);
  assert.deepEqual(names(report, "near"), [
    ["train a/bright.webp", "validation a/1.jpg"],
    ["train a/7.jpg", "train b/again.jpg"],
    ["validation b/2.jpg", "validation b/small.png"],
  ]);
  assert.deepEqual(report.near.map(({ crosses, conflicts }) => [crosses, conflicts]), [
    [true, false],
    [false, true],
    [false, false],
  ]);
  const text = report.warnings.join("\n");
  assert.match(text, /1 group of images with the same file in training and in validation/);
  assert.match(text, /1 group of images with nearly the same picture in training and in/);
  assert.match(text, /1 group of images with nearly the same picture in different classes/);
});

Deno.test("a class that was encoded another way is found out by each trace of it", async () => {
  const files: Record<string, Uint8Array> = {};
  for (const [name, bytes] of Object.entries(CLEAN)) {
    files[name] = name.includes("/b/")
      ? await remade(
        bytes,
        (s) => s.jpeg({ quality: 50, progressive: true, chromaSubsampling: "4:4:4" }),
      )
      : bytes;
  }
  const report = await examined(files);
  const suspicious = report.leaks.filter((leak) => leak.suspicious).map(({ feature }) => feature);
  for (const feature of ["JPEG quality", "progressive JPEG", "JPEG 4:2:0", "bytes a pixel"]) {
    assert.ok(suspicious.includes(feature), `${feature} is not among ${suspicious}`);
  }
  const quality = report.leaks.find(({ feature }) => feature === "JPEG quality")!;
  assert.equal(quality.auc, 1);
  assert.deepEqual([quality.label, quality.higher, ...quality.medians], [1, false, 50, 90]);
  assert.ok(!suspicious.includes("brightness") && !suspicious.includes("width"));
  assert.match(
    report.warnings.join("\n"),
    /JPEG quality alone tells class b apart, by lower values \(AUC 1\.00\)/,
  );
});

Deno.test("a darker class, another format and an imbalance are found", async () => {
  const files: Record<string, Uint8Array> = {};
  for (const [name, bytes] of Object.entries(CLEAN)) {
    if (/train\/b\/([4-9]|1\d)/.test(name)) continue;
    files[name] = bytes;
    if (!name.includes("/b/")) continue;
    delete files[name];
    files[name.replace("jpg", "png")] = await remade(bytes, (s) => s.linear(0.5, 0).png());
  }
  const { leaks, warnings } = await examined(files);
  const found = new Map(leaks.map((leak) => [leak.feature, leak]));
  assert.ok(found.get("brightness")!.suspicious && !found.get("brightness")!.higher);
  assert.equal(found.get("format png")!.auc, 1);
  assert.match(warnings.at(-1)!, /class a has 14 training images, class b 4: --sampler balanced/);
});

Deno.test("files that cannot be used are listed, with the reason, and counted", async () => {
  const report = await examined({
    ...CLEAN,
    "train/a/page.jpg": "<!doctype html>",
    "train/b/half.jpg": CLEAN["train/b/0.jpg"]!.subarray(0, 400),
    "val/b/empty.png": "",
  });
  assert.deepEqual(report.unusable.map(({ sample }) => sample.name), [
    "a/page.jpg",
    "b/half.jpg",
    "b/empty.png",
  ]);
  assert.match(report.warnings[0]!, /3 of 43 images cannot be used/);
  const lines = reportLines(report).join("\n");
  assert.match(lines, /Cannot read a\/page\.jpg: it is a page/);
  const plain = JSON.parse(JSON.stringify(reportData(report)));
  assert.deepEqual(
    plain.unusable[2].reason,
    "Cannot read b/empty.png: it is empty, a whole image was needed",
  );
  assert.deepEqual([plain.images, plain.train, plain.validation], [43, 30, 13]);
});

Deno.test("names cannot harm the page, and it asks for nothing from anywhere", async () => {
  const evil = '"><img src=x onerror=alert(1)>.jpg';
  const report = await examined({
    ...CLEAN,
    [`train/a/${evil}`]: CLEAN["train/a/3.jpg"]!,
    "train/a/<b>bad.jpg": "<html>",
  });
  const thumbnails = new Map(
    [...shownImages(report)].map((one) => [one, "data:image/jpeg;base64,AA"]),
  );
  const page = reportPage(report, thumbnails);
  assert.ok(page.includes("&lt;img src=x onerror=alert(1)&gt;"));
  assert.ok(!page.includes("<img src=x") && !page.includes("<b>bad"));
  assert.ok(page.includes("default-src 'none'"));
  assert.ok(!/(src|href)="(?!data:)|url\(|<script|@import/.test(page));
  // Both copies and examples of each class are shown.
  assert.ok(thumbnails.size >= 2 * 12);
  assert.equal(
    page.match(/<svg/g)!.length,
    report.leaks.filter(({ feature }) =>
      /brightness|contrast|file size|bytes a pixel/.test(feature)
    ).length,
  );
});

Deno.test("areaOf() counts pairs in order, and half of those that are equal", () => {
  assert.equal(areaOf([3, 4], [1, 2]), 1);
  assert.equal(areaOf([1, 2], [3, 4]), 0);
  assert.equal(areaOf([1, 1], [1]), 0.5);
  assert.equal(areaOf([2, 3], [1, 3]), 0.625);
  const random = sequence(1);
  const [a, b] = [1, 2].map((n) => Array.from({ length: 30 }, () => Math.floor(n + 6 * random())));
  let pairs = 0;
  for (const x of a!) for (const y of b!) pairs += x > y ? 1 : x === y ? 0.5 : 0;
  assert.ok(Math.abs(areaOf(a!, b!) - pairs / 900) < 1e-12);
});

Deno.test("chance is no leak, a weak but certain difference is", () => {
  const random = sequence(7);
  const labels = Array.from({ length: 2000 }, (_, i) => i % 2);
  const values = labels.map(() => random());
  const leak = (some: number[], n: number) =>
    leaksOf([{ name: "x", values: some.slice(0, n) }], labels.slice(0, n), 2)[0]!;
  assert.equal(leak(values, 2000).suspicious, false);
  // Of 12 images, 0.7 may be chance; of 2000 it is none.
  const shifted = values.map((value, i) => value + 0.25 * labels[i]!);
  assert.equal(leak(shifted, 12).suspicious, false);
  assert.equal(leak(shifted, 2000).suspicious, true);
  const three = labels.map((_, i) => i % 3);
  const [best] = leaksOf([{ name: "x", values: three.map((k) => k === 2 ? 1 : 0) }], three, 3);
  assert.deepEqual([best!.auc, best!.label, best!.higher], [1, 2, true]);
});

Deno.test("every pair of hashes within 7 bits is found, among many others", () => {
  const random = sequence(3);
  const word = () => Math.floor(random() * 2 ** 32);
  const looks: Looks[] = [];
  for (let i = 0; i < 2000; i++) {
    const signature = Uint8Array.from({ length: 256 }, () => 256 * random());
    const hash = Uint32Array.of(word(), word());
    looks.push({ hash, signature, brightness: 0, contrast: 0 });
    if (i % 20 !== 0) continue;
    const other = hash.slice();
    const places = new Set<number>();
    while (places.size < i / 20 % 8) places.add(Math.floor(64 * random()));
    for (const at of places) other[at >> 5]! ^= 1 << (at & 31);
    assert.equal(distance(hash, other), places.size);
    looks.push({ hash: other, signature, brightness: 0, contrast: 0 });
  }
  const groups = nearGroups(looks);
  assert.equal(groups.length, 100);
  assert.ok(groups.every(([a, b]) => b === a! + 1));
});

Deno.test("looksOf() hardly changes with size and encoding, and tells portraits apart", async () => {
  const image = portrait(1);
  const bytes = await encodeJpeg(image, 50);
  const { data, info } = await sharp(bytes).resize(91, 91).raw().toBuffer({
    resolveWithObject: true,
  });
  const again = looksOf({ width: info.width, height: info.height, data: new Uint8Array(data) });
  const first = looksOf(image);
  assert.ok(distance(first.hash, again.hash) <= 7);
  assert.ok(Math.abs(first.brightness - again.brightness) < 2);
  for (let seed = 2; seed < 12; seed++) {
    assert.ok(nearGroups([first, looksOf(portrait(seed))]).length === 0, `seed ${seed}`);
  }
});
