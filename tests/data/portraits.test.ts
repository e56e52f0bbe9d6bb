/** Tests with real photographs in the FFDI layout, where they are. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { Loader } from "../../data/loader.ts";
import { readSample } from "../../data/labels.ts";
import { openDataset, openImages } from "../../data/sources.ts";
import { countClasses } from "../../data/split.ts";
import { shared } from "../shared.ts";

const data = shared("data/portraits");

Deno.test("the portraits open as an FFDI data set", { ignore: data === undefined }, async () => {
  const { classes, train, validation } = await openDataset(denoFiles, { data: data! });
  assert.deepEqual([classes, train.length, validation.length], [["0", "1"], 1138, 244]);
  for (const part of [train, validation]) {
    const [real, manipulated] = countClasses(part, 2);
    assert.ok(Math.min(real!, manipulated!) > part.length / 3);
  }
});

Deno.test("the portraits' test set follows its list", { ignore: data === undefined }, async () => {
  const phase2 = `${data}/phase2`;
  const { names } = await readSample(denoFiles, `${phase2}/testset1_seen_nolabel.txt`);
  const images = await openImages(denoFiles, `${phase2}/testset1_seen`, names);
  assert.deepEqual([images.length, images[0]!.name], [244, names[0]]);
});

Deno.test("the portraits load in batches, all of them, the same twice", {
  ignore: data === undefined,
}, async () => {
  const { validation } = await openDataset(denoFiles, { data: data! });
  const loader = await Loader.open(validation, denoFiles, { workers: 2 });
  try {
    const sums: number[] = [];
    for (let pass = 0; pass < 2; pass++) {
      let sum = 0;
      const seen = new Set<number>();
      const options = { batch: 32, size: 64, train: false, seed: 0, epoch: 0 };
      for await (const { images, indices, weights } of loader.batches(options)) {
        assert.equal(images.length, 32 * 64 * 64 * 4);
        indices.forEach((index, row) => weights[row] === 1 && seen.add(index));
        for (let i = 0; i < images.length; i++) sum += images[i]! * (i % 251);
      }
      assert.equal(seen.size, 244);
      sums.push(sum);
    }
    assert.equal(sums[0], sums[1]);
  } finally {
    loader.close();
  }
});
