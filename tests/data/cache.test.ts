/** Tests of the disk cache: the same batches, no decoding twice, other states of files, damage, two programs. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import type { Cache } from "../../data/cache/cache.ts";
import { MemoryCache } from "../../data/cache/memory.ts";
import { DiskCache, type DiskCacheOptions } from "../../data/cache/disk.ts";
import {
  checksum,
  headerLength,
  PREAMBLE,
  readHeader,
  writeShard,
} from "../../data/cache/shard.ts";
import type { Files } from "../../data/files.ts";
import { Loader, type LoaderOptions } from "../../data/loader.ts";
import { noise, pictures, temporaryFolder } from "./fixtures.ts";

const NAMES = Array.from({ length: 9 }, (_, i) => `${i}.${i % 2 === 0 ? "jpg" : "png"}`);
const FILES = await pictures(NAMES);
const TRAIN = { batch: 4, size: 12, train: true, seed: 1, epoch: 0 } as const;

/** The real file system, counting the images that are read to be decoded. */
function counting(): { files: Files; decoded: () => number } {
  let decoded = 0;
  const files: Files = {
    ...denoFiles,
    read(path) {
      decoded++;
      return denoFiles.read(path);
    },
  };
  return { files, decoded: () => decoded };
}

/** The images of two epochs and how many files were decoded for them. */
async function epochs(path: string, open: (files: Files) => Cache, more?: Partial<LoaderOptions>) {
  const { files, decoded } = counting();
  const samples = NAMES.map((name, i) => ({ name, path: `${path}/${name}`, label: i % 2 }));
  const loader = await Loader.open(samples, files, { workers: 1, cache: open(files) });
  const images: Uint8Array[] = [];
  try {
    for (const epoch of [0, 1]) {
      for await (const batch of loader.batches({ ...TRAIN, epoch, ...more })) {
        images.push(batch.images);
      }
      // The rest, which fills no training batch.
      for await (const _ of loader.batches({ ...TRAIN, train: false, ...more }));
    }
  } finally {
    loader.close();
  }
  return { images, decoded: decoded() };
}

const disk = (path: string, more: Partial<DiskCacheOptions> = {}) => (files: Files) =>
  new DiskCache(files, { dir: `${path}/cache`, limit: 2 ** 30, ...more });

async function shardsOf(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name } of await denoFiles.list(`${path}/cache`)) {
    for (const entry of await denoFiles.list(`${path}/cache/${name}`)) {
      found.push(`${path}/cache/${name}/${entry.name}`);
    }
  }
  return found;
}

Deno.test("batches are the same without a cache, from memory and from disk, now and in the next run", async () => {
  await using folder = await temporaryFolder(FILES);
  const { path } = folder;
  const plain = await epochs(path, () => new MemoryCache(0));
  assert.equal(plain.images.length, 4);
  assert.ok(plain.decoded > 18);
  const rows: [cache: (files: Files) => Cache, decoded: number][] = [
    [() => new MemoryCache(2 ** 20), 9],
    [disk(path), 9],
    [disk(path), 0],
  ];
  for (const [cache, decoded] of rows) {
    const found = await epochs(path, cache);
    assert.deepEqual(found.images, plain.images);
    assert.equal(found.decoded, decoded);
  }
});

Deno.test("another state of a file and another prefix are other images", async () => {
  await using folder = await temporaryFolder(FILES);
  const { path } = folder;
  await epochs(path, disk(path));
  await Deno.utime(`${path}/3.png`, new Date(1e12), new Date(1e12));
  await Deno.writeFile(`${path}/4.jpg`, FILES["6.jpg"]!);
  assert.equal((await epochs(path, disk(path))).decoded, 2);
  assert.equal((await epochs(path, disk(path))).decoded, 0);
  assert.equal((await epochs(path, disk(path), { resize: 20 })).decoded, 9);
});

Deno.test("damage of any kind is found, said and mended", async () => {
  await using folder = await temporaryFolder(FILES);
  const { path } = folder;
  const expected = (await epochs(path, disk(path))).images;
  const damages: [what: string, harm: (bytes: Uint8Array) => Uint8Array][] = [
    ["a pixel", (bytes) => bytes.map((byte, i) => i === bytes.length - 5 ? byte ^ 1 : byte)],
    ["the header", (bytes) => bytes.map((byte, i) => i === PREAMBLE + 4 ? byte ^ 1 : byte)],
    ["the first byte", (bytes) => bytes.map((byte, i) => i === 0 ? byte ^ 1 : byte)],
    ["the end", (bytes) => bytes.subarray(0, bytes.length - 1)],
    ["everything", () => new Uint8Array()],
  ];
  for (const [what, harm] of damages) {
    const [shard] = await shardsOf(path);
    await Deno.writeFile(shard!, harm(await Deno.readFile(shard!)));
    const notes: string[] = [];
    const found = await epochs(path, disk(path, { note: (text) => notes.push(text) }));
    assert.deepEqual(found.images, expected, what);
    assert.ok(found.decoded > 0, what);
    assert.ok(notes.some((text) => text.includes(`${shard} is damaged`)), what);
    assert.equal((await epochs(path, disk(path))).decoded, 0, what);
  }
});

Deno.test("a file that another program removed meanwhile is made again", async () => {
  await using folder = await temporaryFolder(FILES);
  const { path } = folder;
  const expected = (await epochs(path, disk(path))).images;
  let removed = false;
  const found = await epochs(path, (files) =>
    disk(path)({
      ...files,
      async readRange(name, range) {
        if (range.offset > PREAMBLE && !removed) {
          removed = true;
          for (const shard of await shardsOf(path)) await Deno.remove(shard);
        }
        return await files.readRange(name, range);
      },
    }));
  assert.ok(removed);
  assert.deepEqual(found.images, expected);
  assert.equal((await epochs(path, disk(path))).decoded, 0);
});

Deno.test("the folder stays within its limit: what is not used makes room", async () => {
  await using folder = await temporaryFolder(FILES);
  const { path } = folder;
  const bytes = async () => {
    const infos = await Promise.all((await shardsOf(path)).map((shard) => denoFiles.info(shard)));
    return infos.reduce((sum, { size }) => sum + size, 0);
  };
  await epochs(path, disk(path));
  const limit = 1.5 * await bytes();
  // Another prefix, with room for one of the two.
  await epochs(path, disk(path, { limit }), { resize: 13 });
  assert.ok(await bytes() <= limit);
  assert.equal((await epochs(path, disk(path, { limit }), { resize: 13 })).decoded, 0);
  const notes: string[] = [];
  const found = await epochs(path, disk(path, { limit: 100, note: (text) => notes.push(text) }));
  assert.ok(found.decoded > 9);
  assert.match(notes.join("\n"), /has its 100 bytes/);
});

Deno.test("a folder that cannot be written to costs a sentence, not the run", async () => {
  await using folder = await temporaryFolder(FILES);
  const { path } = folder;
  const notes: string[] = [];
  const found = await epochs(path, (files) =>
    disk(path, { note: (text) => notes.push(text) })({
      ...files,
      writeAtomic: () => Promise.reject(new Error("no space left on device")),
    }));
  assert.equal(found.images.length, 4);
  assert.match(notes.join("\n"), /takes no more images \(no space left on device\)/);
});

Deno.test("two programs may fill and read one folder at once", async () => {
  await using folder = await temporaryFolder(FILES);
  const { path } = folder;
  const program = `
    import { denoFiles } from "./cli/files.ts";
    import { DiskCache } from "./data/cache/disk.ts";
    import { Loader } from "./data/loader.ts";
    const samples = ${
    JSON.stringify(NAMES.map((name, i) => ({ name, path: `${path}/${name}`, label: i % 2 })))
  };
    let text = "";
    for (let round = 0; round < 4; round++) {
      const cache = new DiskCache(denoFiles, { dir: "${path}/cache", limit: 2 ** 30 });
      const loader = await Loader.open(samples, denoFiles, { workers: 1, cache });
      for await (const { images } of loader.batches(${JSON.stringify(TRAIN)})) {
        text += new Uint8Array(await crypto.subtle.digest("SHA-256", images)).toHex();
      }
      loader.close();
    }
    console.log(text);`;
  const outputs = await Promise.all(Array.from({ length: 2 }, async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", program],
      cwd: new URL("../..", import.meta.url),
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim();
  }));
  assert.equal(outputs[0], outputs[1]);
  assert.equal(new Set(outputs[0]!.match(/.{128}/g)).size, 1);
  const { images } = await epochs(path, () => new MemoryCache(0));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", images[0]!.slice()));
  assert.ok(outputs[0]!.startsWith(digest.toHex()));
  assert.ok((await shardsOf(path)).every((name) => name.endsWith(".shard")));
});

Deno.test("a shard gives its images back, and a checksum sees every byte", () => {
  const images = [1, 2].map((seed) => ({ key: `k${seed}`, image: noise(5, 4 + seed, seed) }));
  const bytes = writeShard(images);
  const length = headerLength(bytes.subarray(0, PREAMBLE))!;
  const header = bytes.subarray(PREAMBLE, PREAMBLE + length);
  const entries = readHeader(bytes.subarray(0, PREAMBLE), header, bytes.length)!;
  for (const [i, { key, width, height, range, sum }] of entries.entries()) {
    const data = bytes.slice(range.offset, range.offset + range.length);
    assert.deepEqual({ key, image: { width, height, data } }, images[i]);
    assert.equal(checksum(data), sum);
    // Wherever it lies in memory.
    const moved = new Uint8Array(data.length + 1);
    moved.set(data, 1);
    assert.equal(checksum(moved.subarray(1)), sum);
    for (let at = 0; at < data.length; at++) {
      assert.notEqual(checksum(data.map((byte, k) => k === at ? byte ^ 4 : byte)), sum);
    }
  }
});
