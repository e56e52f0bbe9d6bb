/** Tests of single transforms against Pillow's and torchvision's numbers; golden cases have a file of their own. */
import assert from "node:assert/strict";
import { type Image, type Raster, toFloat } from "../../data/image.ts";
import { sequence } from "../../data/random.ts";
import { centered } from "../../data/transforms/center_crop.ts";
import { contrast } from "../../data/transforms/color.ts";
import { crop, type Rectangle } from "../../data/transforms/crop.ts";
import { elastic } from "../../data/transforms/elastic_transform.ts";
import { gaussianNoise } from "../../data/transforms/gaussian_noise.ts";
import { jpeg } from "../../data/transforms/jpeg.ts";
import { recompress } from "../../data/recompress.ts";
import { apply, applyFloat } from "../../data/transforms/operations.ts";
import { pad, sides } from "../../data/transforms/pad.ts";
import { randomCrop } from "../../data/transforms/random_crop.ts";
import { erase } from "../../data/transforms/random_erasing.ts";
import { horizontalFlip } from "../../data/transforms/random_horizontal_flip.ts";
import { resize, type ResizeParameters, shorterSide } from "../../data/transforms/resize.ts";
import { rotate } from "../../data/transforms/rotation.ts";
import { blendSelf, selfBlend } from "../../data/transforms/self_blend.ts";
import type { Drawn } from "../../data/transforms/transform.ts";
import { packed } from "../../data/prepare.ts";
import { verticalFlip } from "../../data/transforms/random_vertical_flip.ts";
import { viewOf, writeView } from "../../data/view.ts";
import { noise, smooth } from "./fixtures.ts";

const none = () => assert.fail("nothing is drawn");
const run = (image: Image) => image;

function resized(image: Image, parameters: ResizeParameters): Image {
  return resize.apply(image, parameters, { run }) as Image;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).toHex();
}

Deno.test("resize gives Pillow's bytes", async () => {
  const image = noise(7, 5, 1);
  // Image.resize of Pillow 13.0.0, BILINEAR.
  // deno-fmt-ignore
  assert.deepEqual([...resized(image, { width: 3, height: 4 }).data], [
    159, 107, 147, 151, 105, 156, 186, 117, 147, 109, 109, 133, 127, 126, 155, 177, 165, 136,
    112, 127, 135, 132, 179, 145, 132, 160, 106, 147, 146, 174, 184, 190, 128, 138, 103, 140,
  ]);
  // deno-fmt-ignore
  assert.deepEqual([...resized(image, { width: 7, height: 2 }).data], [
    83, 118, 137, 176, 126, 129, 116, 65, 162, 147, 131, 160, 115, 159, 141, 214, 125, 174, 171, 159, 98,
    65, 128, 105, 150, 133, 178, 179, 148, 173, 175, 207, 106, 100, 192, 157, 138, 129, 128, 160, 113, 97,
  ]);
  // Here the height shrinks by more than twice as much as the width: Pillow 13 resizes it first.
  // deno-fmt-ignore
  assert.deepEqual([...resized(image, { width: 6, height: 2 }).data], [
    100, 120, 136, 157, 107, 139, 130, 94, 161, 129, 147, 149, 183, 136, 164, 179, 153, 112,
    81, 129, 119, 159, 138, 176, 177, 174, 144, 133, 199, 135, 126, 149, 137, 156, 116, 103,
  ]);
  const larger = resized(image, { width: 9, height: 8 }).data;
  assert.deepEqual([...larger.subarray(0, 9)], [146, 150, 180, 207, 109, 119, 186, 64, 150]);
  assert.deepEqual([...larger.subarray(-9)], [116, 115, 126, 157, 54, 141, 186, 37, 185]);
  const portrait = resized(noise(200, 250, 2), { width: 73, height: 91 });
  assert.equal(
    await sha256(portrait.data),
    "6c0a3ac9fe7a6be92a02eba02dfbef41e6a15452b1f4986c5897f489b910b4c8",
  );
});

Deno.test("resize gives Pillow's bytes by the bicubic filter, beyond 0 and 255 too", async () => {
  // Image.resize of Pillow 13.0.0, BICUBIC.
  const small = resized(noise(7, 5, 1), { width: 3, height: 4, interpolation: "bicubic" });
  // deno-fmt-ignore
  assert.deepEqual([...small.data], [
    163, 105, 147, 149, 105, 160, 190, 115, 147, 105, 106, 134, 123, 116, 155, 183, 172, 138,
    109, 124, 130, 133, 185, 150, 128, 163, 98, 150, 146, 177, 191, 202, 129, 135, 94, 141,
  ]);
  const portrait = resized(noise(200, 250, 2), { width: 73, height: 91, interpolation: "bicubic" });
  assert.equal(
    await sha256(portrait.data),
    "75143336eed8596646f6f727f25455c90682e9c2867914510aa1f10c595a8f46",
  );
  const grey = (levels: number[]) => Uint8Array.from(levels.flatMap((v) => [v, v, v]));
  const wide = (levels: number[]) =>
    resized({ width: 4, height: 1, data: grey(levels) }, {
      width: 10,
      height: 1,
      interpolation: "bicubic",
    });
  const soft = grey([40, 39, 30, 33, 85, 170, 222, 225, 216, 215]);
  assert.deepEqual(wide([40, 40, 215, 215]).data, soft);
  assert.deepEqual(
    wide([0, 0, 255, 255]).data,
    grey([0, 0, 0, 0, 66, 189, 255, 255, 255, 255]),
  );
});

Deno.test("shorterSide() keeps proportions as torchvision does", () => {
  const size = (width: number, height: number, short: number, most?: number) =>
    shorterSide({ width, height }, short, most);
  assert.deepEqual(size(640, 480, 256), { width: 341, height: 256 });
  assert.deepEqual(size(200, 250, 73), { width: 73, height: 91 });
  assert.deepEqual(size(50, 50, 64), { width: 64, height: 64 });
  assert.deepEqual(size(480, 640, 256, 300), { width: 225, height: 300 });
});

Deno.test("resize refuses an empty size", () => {
  assert.throws(() => resized(noise(4, 4, 0), { width: 0, height: 4 }), RangeError);
});

Deno.test("the middle rounds half a pixel to the even side, and grows where it must", () => {
  const left = (slack: number) =>
    (centered({ width: 10 + slack, height: 10 }, { width: 10, height: 10 })[0]!
      .parameters as Rectangle).left;
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map(left), [0, 0, 1, 2, 2, 2, 3, 4]);
  const grown = centered({ width: 10, height: 9 }, { width: 10, height: 10 });
  assert.deepEqual(grown.map(({ name }) => name), ["pad", "crop"]);
});

/** The one operation that a transform chose. */
function only(drawn: readonly Drawn[]): Drawn {
  assert.equal(drawn.length, 1);
  return drawn[0]!;
}

Deno.test("RandomCrop reaches every place and no other", () => {
  const seen = new Set<string>();
  const options = {
    size: 10,
    padding: null,
    padIfNeeded: false,
    fill: 0,
    mode: "constant",
  } as const;
  for (let i = 0; i < 400; i++) {
    const { parameters } = only(
      randomCrop.sample(sequence(i), { width: 12, height: 11 }, options, none),
    );
    const { left, top } = parameters as Rectangle;
    seen.add(`${left},${top}`);
  }
  assert.deepEqual([...seen].sort(), ["0,0", "0,1", "1,0", "1,1", "2,0", "2,1"]);
  const small = { width: 9, height: 11 };
  assert.throws(() => randomCrop.sample(sequence(0), small, options, none), /10 × 10 from 9 × 11/);
  const padded = randomCrop.sample(sequence(0), small, { ...options, padIfNeeded: true }, none);
  assert.deepEqual(padded[0], pad({ ...sides([1, 0]), fill: 0, mode: "constant" }));
});

Deno.test("a crop is black outside of the image", async () => {
  const image = noise(4, 4, 0);
  const { data } = await apply(image, [crop({ left: 3, top: 0, width: 2, height: 1 })]);
  assert.deepEqual([...data], [...image.data.subarray(9, 12), 0, 0, 0]);
});

Deno.test("a flip mirrors rows and undoes itself", async () => {
  const image = { width: 2, height: 2, data: Uint8Array.from({ length: 12 }, (_, i) => i) };
  const mirrored = await apply(image, [horizontalFlip({})]);
  assert.deepEqual([...mirrored.data], [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]);
  assert.deepEqual((await apply(mirrored, [horizontalFlip({})])).data, image.data);
});

Deno.test("a positive angle turns counter-clockwise, and four quarters are none", async () => {
  const image = noise(5, 4, 1);
  const quarter = rotate({
    angle: 90,
    expand: true,
    center: null,
    fill: 0,
    interpolation: "bilinear",
  });
  const turned = await apply(image, [quarter]);
  assert.deepEqual([turned.width, turned.height], [4, 5]);
  assert.deepEqual(turned.data.subarray(0, 3), image.data.subarray(12, 15));
  assert.deepEqual(await apply(image, [quarter, quarter, quarter, quarter]), image);
});

function mean({ data }: Raster): number {
  let sum = 0;
  for (const x of data) sum += x;
  return sum / data.length;
}

Deno.test("noise has the mean and deviation asked for, and is the same for the same seed", async () => {
  const grey = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(100) };
  const noisy = gaussianNoise({ mean: 0.1, sigma: 0.05, clip: true, seed: 77 });
  const result = applyFloat(toFloat(grey), [noisy]);
  const at = mean(result);
  const squares = result.data.map((x) => (x - at) ** 2);
  assert.ok(Math.abs(at - 100 / 255 - 0.1) < 0.002, `mean ${at}`);
  assert.ok(Math.abs(Math.sqrt(mean({ ...result, data: squares })) - 0.05) < 0.002);
  const bytes = await apply(grey, [noisy]);
  result.data.forEach((x, i) => assert.ok(Math.abs(255 * x - bytes.data[i]!) <= 0.501));
  assert.deepEqual(await apply(grey, [noisy]), bytes);
  assert.notDeepEqual(
    await apply(grey, [gaussianNoise({ ...noisy.parameters, seed: 78 } as never)]),
    bytes,
  );
});

Deno.test("erasing changes a rectangle and nothing else", async () => {
  const image = noise(9, 8, 2);
  const box = { left: 2, top: 3, width: 4, height: 2 };
  for (const value of [7, [1, 2, 3], { seed: 5 }]) {
    const { data } = await apply(image, [erase({ ...box, value } as never)]);
    const changed = Array.from(data).flatMap((x, i) => x === image.data[i] ? [] : [i]);
    assert.ok(changed.length > 20, `${changed.length} changed`);
    for (const i of changed) {
      const [x, y] = [Math.floor(i / 3) % 9, Math.floor(i / 27)];
      assert.ok(x >= 2 && x < 6 && y >= 3 && y < 5);
    }
  }
});

Deno.test("elastic shifts little where alpha is small and keeps flat colours inside", async () => {
  const image = smooth(40, 32, 1);
  const still = elastic({ alpha: 0, sigma: 4, interpolation: "bilinear", fill: 0, seed: 3 });
  assert.deepEqual(await apply(image, [still]), image);
  const bent = await apply(image, [
    elastic({ alpha: 60, sigma: 4, interpolation: "bilinear", fill: 0, seed: 3 }),
  ]);
  assert.notDeepEqual(bent.data, image.data);
  const numbers = applyFloat(toFloat(image), [
    elastic({ alpha: 60, sigma: 4, interpolation: "bilinear", fill: 0, seed: 3 }),
  ]);
  numbers.data.forEach((x, i) => assert.ok(Math.abs(255 * x - bent.data[i]!) <= 0.501));
});

Deno.test("a JPEG of low quality leaves less of an image than one of high quality", async () => {
  const image = noise(32, 32, 3);
  const error = async (quality: number) => {
    const { data } = await apply(image, [jpeg({ quality })], recompress);
    return data.reduce((sum, x, i) => sum + Math.abs(x - image.data[i]!), 0) / data.length;
  };
  const [low, high] = [await error(10), await error(95)];
  assert.ok(low > high && high > 0, `${low} and ${high}`);
});

Deno.test("an operation of bytes alone is refused on numbers, an unknown one everywhere", async () => {
  const image = noise(4, 4, 4);
  assert.throws(() => applyFloat(toFloat(image), [jpeg({ quality: 50 })]), /"jpeg" to numbers/);
  await assert.rejects(apply(image, [{ name: "melt", parameters: {} }]), /"melt"/);
  await assert.rejects(apply(image, [jpeg({ quality: 50 })]), /"jpeg": nothing that writes/);
  assert.deepEqual(await apply(image, [contrast({ factor: 1 })]), image);
});

Deno.test("a self-blend changes the middle of a real face and its class, and nothing far away", async () => {
  const image = noise(64, 64, 5);
  const options = Object.fromEntries(
    Object.entries(selfBlend.fields).map(([key, field]) => [
      key,
      field.read(undefined, key, { size: 64, resize: 64, steps: none }),
    ]),
  ) as Parameters<typeof selfBlend.sample>[2];
  const always = { ...options, p: 1, opacity: [1] };
  let changed = 0;
  for (let i = 0; i < 20; i++) {
    const subject = { width: 64, height: 64, label: 0 };
    const drawn = only(selfBlend.sample(sequence(i), subject, always, none));
    const parameters = drawn.parameters as Parameters<typeof blendSelf>[0];
    assert.equal(parameters.label, 1);
    const inside = { ...parameters, inside: true };
    const { data } = await apply(image, [blendSelf(inside)]);
    const corner = (x: number, y: number) => (y * 64 + x) * 3;
    for (const at of [corner(0, 0), corner(63, 0), corner(0, 63), corner(63, 63)]) {
      assert.deepEqual(data.subarray(at, at + 3), image.data.subarray(at, at + 3));
    }
    const middle = corner(32, 32);
    if (data.subarray(middle, middle + 3).some((x, k) => x !== image.data[middle + k])) changed++;
  }
  assert.ok(changed >= 19, `${changed} of 20 changed`);
  for (const label of [1, -1, undefined]) {
    const subject = { width: 64, height: 64, ...(label !== undefined && { label }) };
    assert.deepEqual(selfBlend.sample(none, subject, always, none), []);
  }
});

Deno.test("a view is crops and flips in one pass, and nothing else", async () => {
  const image = noise(13, 11, 3);
  const box = { left: 2, top: 1, width: 8, height: 7 };
  const small = { left: 1, top: 3, width: 5, height: 4 };
  const [across, down] = [horizontalFlip({}), verticalFlip({})];
  for (
    const drawn of [
      [],
      [crop(box)],
      [crop(box), across],
      [across, crop(box), down, crop(small)],
      [down, across, crop(box), across, crop(small), down],
    ]
  ) {
    const view = viewOf(image, drawn) ?? assert.fail("no view");
    const pixels = new Uint8Array(view.width * view.height * 4);
    writeView(image, view, pixels);
    assert.deepEqual(pixels, packed(await apply(image, drawn)));
  }
  assert.equal(viewOf(image, [crop({ ...box, left: 6 })]), undefined);
  assert.equal(viewOf(image, [crop(box), contrast({ factor: 2 })]), undefined);
});
