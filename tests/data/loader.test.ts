/** Tests of batches: order, padding, views, repeatability and what is read. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { MemoryCache } from "../../data/cache/memory.ts";
import { openDecoder } from "../../data/decode.ts";
import type { Files } from "../../data/files.ts";
import { type Batch, defaultResize, Loader, type LoaderOptions } from "../../data/loader.ts";
import { shuffled } from "../../data/random.ts";
import { epochOrder } from "../../data/sampler.ts";
import { resize, shorterSide } from "../../data/transforms/resize.ts";
import { readPipeline } from "../../data/pipeline.ts";
import { packed } from "../../data/prepare.ts";
import { PRESETS } from "../../data/presets.ts";
import { centered } from "../../data/transforms/center_crop.ts";
import { apply } from "../../data/transforms/operations.ts";
import { temporaryFolder } from "./fixtures.ts";
import { CHECK, collect, FILES, NAMES, samples, TRAIN, withLoader } from "./loading.ts";

const STILL = readPipeline(PRESETS.none.pipeline, { size: 12, resize: 14 });

/** All that two equal epochs share; how long the caller waited is not. */
function content(batches: readonly Batch[]) {
  return batches.map(({ images, labels, weights, indices }) => ({
    images,
    labels,
    weights,
    indices,
  }));
}

/** The real file system, counting what is read. */
function counting(): { files: Files; reads: () => number } {
  let reads = 0;
  const files = {
    ...denoFiles,
    read(path: string) {
      reads++;
      return denoFiles.read(path);
    },
  };
  return { files, reads: () => reads };
}

Deno.test("defaultResize() is 256 for 224 and in proportion", () => {
  assert.deepEqual([224, 96, 64, 384].map(defaultResize), [256, 110, 73, 439]);
});

Deno.test("a training epoch is shuffled by its seed and drops the last, smaller batch", async () => {
  await withLoader(async (loader) => {
    const batches = await collect(loader, TRAIN);
    assert.equal(batches.length, 2);
    const order = batches.flatMap(({ indices }) => [...indices]);
    assert.deepEqual(order, [...shuffled(11, 1, 0)].slice(0, 8));
    for (const { images, labels, weights, indices, waited } of batches) {
      assert.equal(images.length, 4 * 12 * 12 * 4);
      assert.deepEqual([...labels], [...indices].map((i) => i % 3));
      assert.deepEqual([...weights], [1, 1, 1, 1]);
      assert.ok(waited >= 0 && waited < 60);
    }
    const other = await collect(loader, { ...TRAIN, epoch: 1 });
    assert.notDeepEqual(other.flatMap(({ indices }) => [...indices]), order);
  });
});

Deno.test("a balanced epoch is the same for any workers, and an image drawn again looks another way", async () => {
  await using folder = await temporaryFolder(FILES);
  const epochs: ReturnType<typeof content>[] = [];
  for (const workers of [1, 3]) {
    const all = samples(folder.path);
    const loader = await Loader.open(all, denoFiles, { workers, sampler: "balanced" });
    epochs.push(content(await collect(loader, { ...TRAIN, batch: 11 })));
    loader.close();
  }
  assert.deepEqual(epochs[1], epochs[0]);
  const { images, indices, labels } = epochs[0]![0]!;
  const order = epochOrder(samples(folder.path), { sampler: "balanced", seed: 1, epoch: 0 });
  assert.deepEqual(Uint32Array.from(indices), order.indices);
  assert.deepEqual([...labels], [...indices].map((i) => i % 3));
  const second = order.repeats.indexOf(1);
  const first = indices.indexOf(indices[second]!);
  const view = (row: number) => images.subarray(row * 12 * 12 * 4, (row + 1) * 12 * 12 * 4);
  assert.ok(first < second);
  assert.notDeepEqual(view(first), view(second));
});

Deno.test("evaluation keeps the order, shows the centre and pads the last batch", async () => {
  await withLoader(async (loader) => {
    const batches = await collect(loader, CHECK);
    assert.equal(batches.length, 3);
    assert.deepEqual(
      batches.flatMap(({ indices }) => [...indices]),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1],
    );
    const last = batches[2]!;
    assert.deepEqual([...last.labels], [2, 0, 1, -1]);
    assert.deepEqual([...last.weights], [1, 1, 1, 0]);
    assert.ok(last.images.subarray(3 * 12 * 12 * 4).every((byte) => byte === 0));
    // The same way on foot, by both filters.
    const decoder = await openDecoder();
    for (const interpolation of ["bilinear", "bicubic"] as const) {
      const expected = new Uint8Array(4 * 12 * 12 * 4);
      for (let row = 0; row < 3; row++) {
        const image = await decoder.decode(FILES[NAMES[8 + row]!]!, "");
        const small = await apply(image, [resize({ ...shorterSide(image, 14), interpolation })]);
        const square = await apply(small, centered(small, { width: 12, height: 12 }));
        expected.set(packed(square), row * 12 * 12 * 4);
      }
      const { images } = (await collect(loader, { ...CHECK, interpolation })).at(-1)!;
      assert.deepEqual(images, expected);
      if (interpolation === "bilinear") assert.deepEqual(last.images, expected);
    }
  });
});

Deno.test("batches do not depend on the number of workers, the cache or what ran before", async () => {
  await using folder = await temporaryFolder(FILES);
  const epochs: ReturnType<typeof content>[] = [];
  for (
    const settings of [
      { workers: 1 },
      { workers: 3, cache: new MemoryCache(0) },
      { workers: 2, cache: new MemoryCache(2000) },
    ]
  ) {
    const loader = await Loader.open(samples(folder.path), denoFiles, settings);
    if (settings.workers === 3) await collect(loader, CHECK);
    epochs.push(content(await collect(loader, { ...TRAIN, epoch: 2 })));
    loader.close();
  }
  assert.deepEqual(epochs[1], epochs[0]);
  assert.deepEqual(epochs[2], epochs[0]);
});

Deno.test("batches whose memory is used again hold the same while they are looked at", async () => {
  await using folder = await temporaryFolder(FILES);
  const options = { ...CHECK, batch: 4 };
  for (const cache of [new MemoryCache(0), new MemoryCache(2000), new MemoryCache(2 ** 20)]) {
    const loader = await Loader.open(samples(folder.path), denoFiles, { workers: 2, cache });
    try {
      for (let epoch = 0; epoch < 2; epoch++) {
        const expected = (await collect(loader, options)).map(({ images }) => images);
        const buffers = new Set<ArrayBufferLike>();
        let at = 0;
        for await (const { images } of loader.batches({ ...options, reuse: true })) {
          assert.deepEqual(images, expected[at++]);
          buffers.add(images.buffer);
        }
        assert.equal(at, 3);
        // The last batch has padding where the one before had pixels.
        if (epoch === 1 && cache.open) assert.equal(buffers.size, 1);
      }
    } finally {
      loader.close();
    }
  }
});

Deno.test("views are random in training, fixed where augment is off, and by pass in TTA", async () => {
  await withLoader(async (loader) => {
    const images = async (options: LoaderOptions) =>
      (await collect(loader, options)).map((batch) => batch.images);
    const plain = await images(CHECK);
    const first = await images({ ...CHECK, pass: 1 });
    assert.deepEqual(await images({ ...CHECK, pass: 0 }), plain);
    assert.notDeepEqual(first, plain);
    assert.deepEqual(await images({ ...CHECK, pass: 1 }), first);
    assert.deepEqual(await images({ ...CHECK, pass: 1, epoch: 5 }), first);
    assert.deepEqual(
      await images({ ...CHECK, pass: 1, batch: 11 }).then((a) => a[0]!.slice(0, first[0]!.length)),
      first[0],
    );
    assert.notDeepEqual(await images({ ...CHECK, pass: 2 }), first);
    assert.notDeepEqual(await images({ ...CHECK, pass: 1, seed: 2 }), first);
    // A sample keeps its centre view wherever shuffling puts it.
    const still = await collect(loader, { ...TRAIN, augment: STILL });
    const { images: shown, indices } = still[0]!;
    const bytes = 12 * 12 * 4;
    const home = plain[Math.floor(indices[0]! / 4)]!.subarray(indices[0]! % 4 * bytes);
    assert.deepEqual(shown.subarray(0, bytes), home.subarray(0, bytes));
    assert.notDeepEqual((await collect(loader, TRAIN))[0]!.images, shown);
  });
});

Deno.test("later epochs come from memory, another size does not", async () => {
  await using folder = await temporaryFolder(FILES);
  const { files, reads } = counting();
  const loader = await Loader.open(samples(folder.path), files, { workers: 2 });
  await collect(loader, CHECK);
  assert.equal(reads(), 11);
  await collect(loader, { ...TRAIN, epoch: 1 });
  assert.equal(reads(), 11);
  await collect(loader, { ...CHECK, resize: 20 });
  assert.equal(reads(), 22);
  loader.close();
  const small = await Loader.open(samples(folder.path), files, {
    workers: 2,
    cache: new MemoryCache(0),
  });
  await collect(small, CHECK);
  await collect(small, CHECK);
  assert.equal(reads(), 44);
  small.close();
});

Deno.test("the next batches are read before they are asked for", async () => {
  await using folder = await temporaryFolder(FILES);
  const { files, reads } = counting();
  const loader = await Loader.open(samples(folder.path), files, { workers: 1 });
  const batches = loader.batches({ ...CHECK, batch: 2 });
  await batches.next();
  for (let i = 0; i < 200 && reads() < 6; i++) await new Promise((done) => setTimeout(done, 5));
  assert.ok(reads() >= 6, `${reads()} files read`);
  await batches.return();
  loader.close();
});

Deno.test("jSquash, which needs no native code, stands in for sharp in workers", async () => {
  await using folder = await temporaryFolder(FILES);
  const loader = await Loader.open(samples(folder.path), denoFiles, {
    workers: 2,
    library: "jsquash",
  });
  assert.equal(loader.library, "jsquash");
  const batches = await collect(loader, CHECK);
  loader.close();
  await withLoader(async (fast) => {
    assert.equal(fast.library, "sharp");
    for (const [i, { images }] of (await collect(fast, CHECK)).entries()) {
      const worst = images.reduce(
        (most, x, k) => Math.max(most, Math.abs(x - batches[i]!.images[k]!)),
        0,
      );
      assert.ok(worst <= 2, `levels differ by ${worst}`);
    }
  });
});
