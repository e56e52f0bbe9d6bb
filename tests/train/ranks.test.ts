/** Tests of ranks that share images, in one process: rows of batches, outputs of a set, answers to whether to go on. */

import assert from "node:assert/strict";
import type { Batch } from "../../data/loader.ts";
import { Loader } from "../../data/loader.ts";
import { denoFiles } from "../../cli/files.ts";
import { evaluate } from "../../train/evaluate.ts";
import { localRanks } from "../../train/ranks.ts";
import { askTogether, DriftError, requireAlike } from "../../train/run/together.ts";
import { fromFloats } from "../../models/safetensors.ts";
import { twoClasses } from "../cli/two_classes.ts";
import { temporaryFolder } from "../data/fixtures.ts";

const HOW = { size: 8, resize: 10, seed: 4 };

/** Two logits of an image that tell it from others. */
const session = {
  evaluate({ images }: Pick<Batch, "images">): Promise<Float32Array> {
    const bytes = HOW.size ** 2 * 4;
    return Promise.resolve(Float32Array.from({ length: 2 * images.length / bytes }, (_, i) => {
      const image = images.subarray((i >> 1) * bytes, ((i >> 1) + 1) * bytes);
      return image.reduce((sum, x, k) => sum + x * ((k + (i & 1)) % 7), 0) / 1000;
    }));
  },
};

async function withImages(run: (open: (count: number) => Promise<Loader>) => Promise<void>) {
  await using dir = await temporaryFolder(await twoClasses());
  const loaders: Loader[] = [];
  try {
    await run(async (count) => {
      const samples = Array.from({ length: count }, (_, i) => ({
        ...{ name: `${i}`, label: i % 2 },
        path: `${dir.path}/data/${i % 2 === 1 ? "red" : "grey"}/${i}.png`,
      }));
      loaders.push(await Loader.open(samples, denoFiles, { workers: 1 }));
      return loaders.at(-1)!;
    });
  } finally {
    for (const loader of loaders) loader.close();
  }
}

Deno.test("ranks have the rows of one order of batches, whatever their number", async () => {
  await withImages(async (open) => {
    const loader = await open(22);
    /** Indices and pixels of what is left of an epoch, rank by rank within each step. */
    const epoch = async (size: number) => {
      const options = { ...HOW, batch: 8 / size, train: true, epoch: 1, from: 1 };
      const parts = await Promise.all(
        localRanks(size).map(({ rank: index }) =>
          Array.fromAsync(loader.batches({ ...options, share: { index, count: size } }))
        ),
      );
      return parts[0]!.map((_, step) => ({
        indices: parts.flatMap((part) => [...part[step]!.indices]),
        pixels: parts.map((part) => part[step]!.images.toHex()).join(""),
      }));
    };
    const one = await epoch(1);
    assert.equal(one.length, 1); // of two batches the second
    assert.deepEqual(await epoch(2), one);
    assert.deepEqual(await epoch(4), one);
  });
});

Deno.test("outputs that ranks put together are those of one process, each image's once", async () => {
  await withImages(async (open) => {
    for (const [count, size] of [[10, 3], [7, 2], [2, 3]] as const) {
      const images = { loader: await open(count), count };
      const expected = await evaluate(session, images, { ...HOW, batch: 2 });
      const batches: number[] = [];
      await Promise.all(
        localRanks(size).map(async (ranks) => {
          const measured = () => void (batches[ranks.rank] = (batches[ranks.rank] ?? 0) + 1);
          const found = await evaluate(session, images, { ...HOW, batch: 2, ranks, measured });
          assert.deepEqual(found, expected);
        }),
      );
      assert.equal(new Set(batches).size, 1, "all ranks are asked as often");
    }
  });
});

Deno.test("one rank that is to stop stops all, and the first one says when to save", async () => {
  const answers = async (own: readonly ("go on" | "save" | "stop")[]) =>
    await Promise.all(
      localRanks(own.length).map((ranks) =>
        askTogether(() => own[ranks.rank]!, ranks)({ after: "step", step: 1 })
      ),
    );
  assert.deepEqual(await answers(["go on", "go on"]), ["go on", "go on"]);
  assert.deepEqual(await answers(["go on", "save"]), ["go on", "go on"]);
  assert.deepEqual(await answers(["save", "go on"]), ["save", "save"]);
  assert.deepEqual(await answers(["save", "stop", "go on"]), ["stop", "stop", "stop"]);
});

Deno.test("ranks whose weights differ in a bit are found out", async () => {
  const weights = (last: number) =>
    new Map([["fc.bias", fromFloats([2], Float32Array.of(1, last))]]);
  const results = await Promise.allSettled(
    localRanks(3).map((ranks) => requireAlike(weights(ranks.rank === 2 ? 2.0000002 : 2), ranks, 5)),
  );
  for (const one of results) {
    const { reason } = one as PromiseRejectedResult;
    assert.ok(reason instanceof DriftError);
    assert.match(reason.message, /after epoch 5: rank 2 has other weights/);
  }
  await Promise.all(localRanks(2).map((ranks) => requireAlike(weights(2), ranks, 1)));
});
