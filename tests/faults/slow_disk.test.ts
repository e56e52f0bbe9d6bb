/** Disks that are slow, and files too large to be images: what is read is the same, what is not read is named. */

import { strict as assert } from "node:assert";
import { denoFiles } from "../../cli/files.ts";
import { Loader } from "../../data/loader.ts";
import { hash } from "../../data/random.ts";
import { MAX_BYTES } from "../../data/image_file.ts";
import { RunRecord } from "../../train/run_record.ts";
import { CHECK, FILES, samples, TRAIN } from "../data/loading.ts";
import { temporaryFolder } from "../data/fixtures.ts";

Deno.test("a slow disk changes no batch, and a batch does not wait for those after it", {
  timeout: 400_000,
}, async () => {
  await using folder = await temporaryFolder(FILES);
  const all = samples(folder.path);
  /** The bytes of an epoch, where reading the file of sample i takes so many milliseconds. */
  const epoch = async (delay: (path: string) => number | Promise<void>) => {
    const wait = async (path: string) => {
      const time = delay(path);
      await (typeof time === "number" ? new Promise((done) => setTimeout(done, time)) : time);
      return await denoFiles.read(path);
    };
    const loader = await Loader.open(all, { ...denoFiles, read: wait }, { workers: 2 });
    try {
      const found: string[] = [];
      for await (const { images, labels, indices } of loader.batches(TRAIN)) {
        found.push(`${indices} ${labels} ${images.toBase64()}`);
        release?.();
      }
      return found;
    } finally {
      loader.close();
    }
  };
  let release: (() => void) | undefined;
  const quick = await epoch(() => 0);
  assert.equal(quick.length, 2);
  let drawn = 0;
  assert.deepEqual(await epoch(() => hash(7, drawn++) % 60), quick);

  // What the second batch needs arrives only once the first has been seen.
  const second = quick[1]!.split(" ")[0]!.split(",").map((i) => all[Number(i)]!.path);
  const seen = new Promise<void>((resolve) => release = resolve);
  assert.deepEqual(await epoch((path) => second.includes(path) ? seen : 0), quick);
});

Deno.test("a file of more bytes than any image has is named and not read", async () => {
  await using folder = await temporaryFolder({ "0.jpg": "" });
  await Deno.truncate(`${folder.path}/0.jpg`, MAX_BYTES + 1);
  let reads = 0;
  const files = {
    ...denoFiles,
    read: (path: string) => {
      reads++;
      return denoFiles.read(path);
    },
  };
  const loader = await Loader.open(samples(folder.path, ["0.jpg"]), files, { workers: 1 });
  try {
    await assert.rejects(
      loader.batches({ ...CHECK, batch: 1 }).next(),
      /^DataError: Cannot read 0\.jpg: it has 536870913 bytes, at most 536870912 were needed$/,
    );
  } finally {
    loader.close();
  }
  assert.equal(reads, 0);
});

Deno.test("what is written to a slow disk is written in order, and nobody waits for it", async () => {
  await using folder = await temporaryFolder();
  let release = () => {};
  const until = new Promise<void>((resolve) => release = resolve);
  const slow = {
    ...denoFiles,
    async appendText(path: string, text: string) {
      await until;
      await new Promise((done) => setTimeout(done, hash(3, text.length) % 5));
      await denoFiles.appendText(path, text);
    },
  };
  const record = await RunRecord.open(slow, folder.path);
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  for (const i of numbers) record.report({ event: "note", text: `note ${i} ${"x".repeat(i % 7)}` });
  // All of that was said before the first of it is there.
  assert.equal(await denoFiles.kind(`${folder.path}/train.log`), "none");
  release();
  await record.flush();
  const lines = (await denoFiles.readText(`${folder.path}/train.log`)).trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => Number(line.split(" ")[2])), numbers);
});
