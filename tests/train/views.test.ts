/** Views of test-time augmentation: which pixels each shows. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { encodePng } from "../../data/encode.ts";
import { Loader } from "../../data/loader.ts";
import { openImages } from "../../data/sources.ts";
import { viewsOf } from "../../train/views.ts";
import { noise, temporaryFolder } from "../data/fixtures.ts";

const SIZE = 5;
const [tall, wide] = [noise(7, 10, 1), noise(12, 7, 2)];

/** The red levels of a square of an image, or of its mirror image. */
function square(image: typeof tall, left: number, top: number, mirror = false): number[] {
  return Array.from({ length: SIZE * SIZE }, (_, i) => {
    const [x, y] = [left + i % SIZE, top + Math.floor(i / SIZE)];
    return image.data[(y * image.width + (mirror ? image.width - 1 - x : x)) * 3]!;
  });
}

/** The red levels of each view of both images. */
async function shown(form: "hflip" | "five-crop" | "ten-crop", seed = 0): Promise<number[][][]> {
  await using folder = await temporaryFolder({
    "a.png": await encodePng(tall),
    "b.png": await encodePng(wide),
  });
  const samples = await openImages(denoFiles, folder.path);
  const loader = await Loader.open(samples, denoFiles, { workers: 1 });
  const run = { size: SIZE, resize: 7 }; // the shorter side of both, so that nothing is resized
  const views: number[][][] = [];
  try {
    for (const view of viewsOf(form, run)) {
      const options = { ...run, batch: 2, seed, train: false, epoch: 0, ...view };
      for await (const { images } of loader.batches(options)) {
        const reds = [...images].filter((_, i) => i % 4 === 0);
        views.push([reds.slice(0, SIZE * SIZE), reds.slice(SIZE * SIZE)]);
      }
    }
  } finally {
    loader.close();
  }
  return views;
}

// Half of 5 and of 3 is rounded to even: 2 and 2; half of 7 − 5 is 1.
const corners = (image: typeof tall) => {
  const [right, bottom] = [image.width - SIZE, image.height - SIZE];
  const middle = image === tall ? [1, 2] : [4, 1];
  return [[0, 0], [right, 0], [0, bottom], [right, bottom], middle] as [number, number][];
};

Deno.test("ten-crop shows torchvision's ten crops in its order, five-crop the first five", async () => {
  const ten = [false, true].flatMap((mirror) =>
    corners(tall).map((place, i) => [
      square(tall, ...place, mirror),
      square(wide, ...corners(wide)[i]!, mirror),
    ])
  );
  assert.deepEqual(await shown("ten-crop"), ten);
  assert.deepEqual(await shown("five-crop"), ten.slice(0, 5));
});

Deno.test("hflip shows the middle and its mirror image, whatever the seed", async () => {
  const views = await shown("hflip");
  const [a, b] = views;
  assert.deepEqual(a, [square(tall, 1, 2), square(wide, 4, 1)]);
  const mirrored = (reds: number[]) =>
    reds.map((_, i) => reds[i - i % SIZE + SIZE - 1 - i % SIZE]!);
  assert.deepEqual(b, a!.map(mirrored));
  assert.deepEqual(await shown("hflip", 7), views);
});
