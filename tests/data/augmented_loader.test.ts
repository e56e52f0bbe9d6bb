/** Tests of batches under pipelines: bytes, targets and labels, and what cannot be transformed. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { MemoryCache } from "../../data/cache/memory.ts";
import { DataError } from "../../data/errors.ts";
import { type Batch, Loader, type LoaderOptions } from "../../data/loader.ts";
import { type Pipeline, readPipeline, type Step } from "../../data/pipeline.ts";
import { mixBatch } from "../../data/mixing.ts";
import { packed } from "../../data/prepare.ts";
import { PRESETS } from "../../data/presets.ts";
import { apply } from "../../data/transforms/operations.ts";
import { pictures, temporaryFolder } from "./fixtures.ts";
import { CHECK, collect, FILES, samples, TRAIN, withLoader } from "./loading.ts";

/** A pipeline for the size of these tests. */
function pipeline(steps: readonly Step[]): Pipeline {
  return readPipeline(steps, { size: 12, resize: 14, classes: ["a", "b", "c"] });
}

Deno.test("the reference preset keeps its bytes", async () => {
  // Of the loader before there were pipelines: a run of then resumes with the same batches.
  const names = Array.from({ length: 11 }, (_, i) => `${i}.png`);
  const files = await pictures(names, { width: 40, height: 32 });
  await withLoader(async (loader) => {
    const digest = async (options: Partial<LoaderOptions>) => {
      const parts = (await collect(loader, { ...TRAIN, size: 24, ...options }))
        .flatMap(({ images, labels }) => [images.slice(), new Uint8Array(labels.buffer)]);
      const bytes = await new Blob(parts).arrayBuffer();
      return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 16);
    };
    assert.equal(await digest({}), "100ef7b0ea3fb32c");
    assert.equal(await digest({ seed: 7, epoch: 3 }), "c6d0644b0b049d59");
    assert.equal(await digest({ train: false }), "8eb3049fb900c948");
    assert.equal(await digest({ train: false, pass: 1 }), "14a0d222c9bac6bc");
    assert.equal(await digest({ train: false, seed: 2, pass: 3 }), "f38120334dca3d12");
  }, { files, names });
});

Deno.test("a long pipeline gives the same bytes with any number of workers, cached or not", async () => {
  await using folder = await temporaryFolder(FILES);
  const augment = pipeline([...PRESETS.strong.pipeline.slice(0, 4), {
    name: "JPEG",
    options: { quality: [30, 90] },
  }]);
  const epochs: Uint8Array[][] = [];
  for (const settings of [{ workers: 1 }, { workers: 3, cache: new MemoryCache(0) }]) {
    const loader = await Loader.open(samples(folder.path), denoFiles, settings);
    const options = { ...TRAIN, augment, epoch: 1 };
    epochs.push(
      (await collect(loader, options)).map(({ images }) => images),
      (await collect(loader, options)).map(({ images }) => images),
    );
    loader.close();
  }
  for (const epoch of epochs.slice(1)) assert.deepEqual(epoch, epochs[0]);
});

Deno.test("mixed batches have targets whose rows sum to 1, and blended faces another class", async () => {
  await withLoader(async (loader) => {
    const mixed = pipeline([...PRESETS.reference.pipeline, { name: "MixUp" }]);
    const [plain] = await collect(loader, {
      ...TRAIN,
      augment: pipeline(PRESETS.reference.pipeline),
    });
    const [batch] = await collect(loader, { ...TRAIN, augment: mixed, classes: 3 });
    assert.notDeepEqual(batch!.images, plain!.images);
    assert.deepEqual(batch!.labels, plain!.labels);
    for (let row = 0; row < 4; row++) {
      const target = [...batch!.targets!.subarray(3 * row, 3 * row + 3)];
      assert.ok(Math.abs(target.reduce((a, b) => a + b, 0) - 1) < 1e-6);
      assert.ok(target[batch!.labels[row]!]! > 0);
    }
    const passes = await collect(loader, { ...CHECK, augment: mixed, pass: 1 });
    assert.ok(passes.every(({ targets }) => targets === undefined));
    await assert.rejects(collect(loader, { ...TRAIN, augment: mixed }), /number of classes/);

    const blend = pipeline([{ name: "Resize" }, {
      name: "SelfBlend",
      options: { p: 1, real: "b", manipulated: "c" },
    }, { name: "RandomCrop" }]);
    const labels = (batches: Batch[]) => batches.flatMap((b) => [...b.labels]);
    const blended = await collect(loader, { ...TRAIN, augment: blend });
    assert.deepEqual(
      labels(blended),
      labels(await collect(loader, TRAIN)).map((label) => label === 1 ? 2 : label),
    );
    const seen = await collect(loader, { ...CHECK, augment: blend, pass: 1 });
    assert.deepEqual(labels(seen), labels(await collect(loader, CHECK)));
  });
});

Deno.test("what is left to a device with kernels, done to the batch, gives the same bytes", async () => {
  await withLoader(async (loader) => {
    const augment = pipeline([
      ...PRESETS.reference.pipeline,
      { name: "ColorJitter", options: { brightness: 0.5, hue: 0.2 } },
      { name: "RandomErasing", options: { p: 0.7 } },
      { name: "CutMix" },
    ]);
    const options = { ...TRAIN, augment, classes: 3 };
    const whole = await collect(loader, options);
    const parts = await collect(loader, { ...options, hasKernel: () => true });
    for (const [i, { images, labels, targets, left }] of parts.entries()) {
      assert.ok(left!.drawn.some((drawn) => drawn.length > 1));
      for (const [row, drawn] of left!.drawn.entries()) {
        const pixels = images.subarray(row * 576, (row + 1) * 576);
        const data = pixels.filter((_, k) => k % 4 < 3);
        pixels.set(packed(await apply({ width: 12, height: 12, data }, drawn)));
      }
      const shape = { n: 4, width: 12, height: 12, channels: 4 };
      mixBatch({ images, targets: new Float32Array(4) }, left!.mixing, shape);
      assert.deepEqual(images, whole[i]!.images);
      assert.deepEqual([labels, targets], [whole[i]!.labels, whole[i]!.targets]);
    }
    assert.equal(whole[0]!.left, undefined);
  });
});

Deno.test("an image that a pipeline cannot take is named", async () => {
  await withLoader(async (loader) => {
    const augment = pipeline([{ name: "RandomCrop", options: { size: 12 } }]);
    assert.ok((await collect(loader, { ...TRAIN, augment })).length > 0);
  });
  const small = await pictures(["small.png"], { width: 11, height: 30 });
  await withLoader(async (loader) => {
    const augment = pipeline([{ name: "RandomCrop" }]);
    await assert.rejects(collect(loader, { ...TRAIN, batch: 1, augment }), (error) => {
      assert.ok(error instanceof DataError);
      assert.match(error.message, /^Cannot use small\.png: Cannot crop 12 × 12 from 11 × 30/);
      return true;
    });
  }, { files: small, names: ["small.png"] });
});
