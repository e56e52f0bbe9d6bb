/** The device's part of pipelines against operations on bytes: within a level, whatever is drawn for whatever size. */

import { strict as assert } from "node:assert";
import type { Left } from "../../data/batch_options.ts";
import { divide, type Part } from "../../data/divide.ts";
import type { Image, Size } from "../../data/image.ts";
import { draw, type Drawn, readPipeline, type Step } from "../../data/pipeline.ts";
import * as transforms from "../../data/transforms/mod.ts";
import { apply } from "../../data/transforms/operations.ts";
import { mixBatch } from "../../data/mixing.ts";
import { packed } from "../../data/prepare.ts";
import { PRESETS } from "../../data/presets.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { imageInput, type Tensor } from "../../engine/graph.ts";
import { Augmentation, deviceAugmentation, type DevicePart } from "../../train/augmentation.ts";
import { planTraining } from "../../train/programs.ts";
import { hasKernel } from "../../train/retouches.ts";
import { noise, smooth } from "../data/fixtures.ts";
import { CHECK, collect, TRAIN, withLoader } from "../data/loading.ts";
import { deviceTest } from "../device.ts";

/** Steps with all their options, to be drawn for images of any size. */
function steps(...given: Step[]): Part[] {
  const read = readPipeline([transforms.resize({ size: [8, 8] }), ...given], {
    size: 8,
    resize: 8,
    classes: ["a", "b"],
  });
  return read.slice(1).map((step, position) => ({ step, position, why: "" }));
}

function imagesOf(size: Size, n: number, seed: number): Image[] {
  const of = (i: number) => i % 3 === 0 ? noise : smooth;
  return Array.from({ length: n }, (_, i) => of(i)(size.width, size.height, seed + i));
}

/** Numbers [n, h, w, 3] that the device makes of image bytes. */
async function finished(
  device: Device,
  { bytes, size: { width, height }, left }: {
    readonly bytes: Uint8Array;
    readonly size: Size;
    readonly left: Left;
  },
  part: DevicePart,
): Promise<Float32Array> {
  const images = imageInput("images", [bytes.length / (4 * height * width), height, width, 3]);
  const augmentation = new Augmentation(images, part);
  const feeds = new Map<Tensor, ArrayLike<number>>(augmentation.feeds(left));
  const [numbers] = await evaluate(device, [augmentation.images], feeds.set(images, bytes));
  return numbers!;
}

function bytesOf(images: readonly Image[]): Uint8Array {
  return Uint8Array.from(images.flatMap((image) => [...packed(image)]));
}

type Lists = readonly (readonly Drawn[])[];

/** Levels [n, h, w, 3] that the device makes of images. */
async function onDevice(
  device: Device,
  images: readonly Image[],
  parts: readonly Part[],
  drawn: Lists,
): Promise<Float32Array> {
  const batch = { bytes: bytesOf(images), size: images[0]!, left: { drawn, mixing: [] } };
  const numbers = await finished(device, batch, { device: parts, batch: [], mixed: "loader" });
  return numbers.map((v) => Math.round(255 * v));
}

/** Compares the device with bytes; gives how many levels differ by one. */
async function compare(
  device: Device,
  images: readonly Image[],
  parts: readonly Part[],
  drawn: Lists,
) {
  const levels = await onDevice(device, images, parts, drawn);
  let off = 0;
  for (const [i, image] of images.entries()) {
    const { data } = await apply(image, drawn[i]!);
    data.forEach((level, k) => {
      const found = levels[i * data.length + k]!;
      if (Math.abs(found - level) > 1) {
        const what = JSON.stringify(drawn[i]);
        assert.fail(`${image.width}×${image.height}, element ${k}: ${found}, ${level} by ${what}`);
      }
      if (found !== level) off++;
    });
  }
  return off / levels.length;
}

const any = (interpolation: "nearest" | "bilinear") => [
  transforms.randomRotation({ degrees: 180, interpolation, fill: [10, 200, 77] }),
  transforms.randomAffine({
    ...{ degrees: 40, translate: [0.3, 0.2], scale: [0.6, 1.6], shear: [-20, 20, -9, 9] },
    ...{ interpolation, fill: 127 },
  }),
  transforms.randomPerspective({ distortionScale: 0.4, p: 1, interpolation, fill: 5 }),
];
const ALL = steps(transforms.randomChoice({
  transforms: [
    ...any("nearest"),
    ...any("bilinear"),
    transforms.randomHorizontalFlip({ p: 1 }),
    transforms.randomVerticalFlip({ p: 1 }),
    transforms.colorJitter({ brightness: [0, 2] }),
    transforms.colorJitter({ contrast: [0, 2] }),
    transforms.colorJitter({ saturation: [0, 2] }),
    transforms.colorJitter({ hue: 0.5 }),
    transforms.grayscale(),
    transforms.randomAdjustSharpness({ sharpnessFactor: 1.7, p: 1 }),
    transforms.randomInvert({ p: 1 }),
    transforms.randomPosterize({ bits: 3, p: 1 }),
    transforms.randomSolarize({ threshold: 100.5, p: 1 }),
    transforms.randomEqualize({ p: 1 }),
    transforms.randomAutocontrast({ p: 1 }),
    transforms.gaussianBlur({ kernelSize: [5, 3] }),
    transforms.gaussianNoise({ mean: 0.02, sigma: 0.1 }),
    transforms.randomErasing({ p: 1, value: "random" }),
    transforms.randomErasing({ p: 1, value: [1, 22.5, 200] }),
    transforms.trivialAugmentWide({ interpolation: "bilinear" }),
  ],
}));

for (const [height, width] of [[1, 1], [1, 7], [5, 3], [9, 13], [31, 33]] as const) {
  deviceTest(`the device is within a level of bytes at ${height} × ${width}`, async (device) => {
    const size = { width, height };
    const kinds = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const images = imagesOf(size, 24, 100 * round);
      const drawn = images.map((_, i) => draw(ALL, [round, i], size).drawn);
      const off = await compare(device, images, ALL, drawn);
      assert.ok(off < 0.02, `${off} of the levels differ by one`);
      for (const list of drawn) for (const one of list) kinds.add(one.name);
    }
    assert.ok(kinds.size > 12, [...kinds].join());
  });
}

const FEW = imagesOf({ width: 9, height: 8 }, 5, 7);

deviceTest(
  "operations follow each other as they were chosen, in containers too",
  async (device) => {
    const size = { width: 9, height: 8 };
    const chosen = steps(
      transforms.randomHorizontalFlip(),
      transforms.colorJitter({ brightness: 0.5, saturation: 0.5, hue: 0.2 }),
      transforms.randomOrder({
        transforms: [
          transforms.grayscale(),
          transforms.randomSolarize({ threshold: 90 }),
          transforms.gaussianBlur({ kernelSize: 3 }),
        ],
      }),
      transforms.randomApply({
        transforms: [transforms.randAugment({ numOps: 3 }), transforms.randomVerticalFlip()],
      }),
      transforms.autoAugment(),
    );
    let several = 0;
    for (let round = 0; round < 6; round++) {
      // Stretching and bilinear reading may be off by one, which later operations enlarge.
      const of = (k: number) => draw(chosen, [round, k], size).drawn;
      const exact = Array.from({ length: 60 }, (_, k) => of(k))
        .filter((drawn) => drawn.every(({ name }) => name !== "autocontrast"));
      const drawn = exact.slice(0, FEW.length);
      assert.equal(await compare(device, FEW, chosen, drawn), 0);
      several += drawn.filter((list) => list.length > 4).length;
    }
    assert.ok(several > 10);
  },
);

deviceTest("chains of AugMix are mixed as on bytes, next to images without any", async (device) => {
  const parts = steps(transforms.randomApply({
    transforms: [transforms.augMix({ interpolation: "nearest", mixtureWidth: 2 })],
  }));
  const drawn = FEW.map((_, i) => draw(parts, [3, i], FEW[0]!).drawn);
  assert.deepEqual(new Set(drawn.map((list) => list.length)), new Set([0, 1]));
  await compare(device, FEW, parts, drawn);
});

deviceTest("an image looks the same in any batch, and the same twice", async (device) => {
  const drawn = FEW.map((_, i) => draw(ALL, [11, i], FEW[0]!).drawn);
  const turn = <T>(list: readonly T[]) => [...list.slice(1), list[0]!];
  const first = await onDevice(device, FEW, ALL, drawn);
  const one = first.length / FEW.length;
  assert.deepEqual(await onDevice(device, FEW, ALL, drawn), first);
  const moved = await onDevice(device, turn(FEW), ALL, turn(drawn));
  assert.deepEqual(moved, Float32Array.of(...first.slice(one), ...first.slice(0, one)));
});

deviceTest("batches are mixed in numbers", async (device) => {
  const [height, width] = [8, 9];
  const shape = { n: FEW.length, height, width, channels: 3 };
  const levels = FEW.flatMap(({ data }) => [...data]);
  const parts = steps(
    transforms.randomChoice({ transforms: [transforms.mixUp(), transforms.cutMix()] }),
    transforms.mixUp({ alpha: 0.3 }),
  );
  for (let k = 0; k < 4; k++) {
    const { drawn: mixing } = draw(parts, [k], shape);
    const batch = { bytes: bytesOf(FEW), size: shape, left: { drawn: [], mixing } };
    const mixed = await finished(device, batch, { device: [], batch: parts, mixed: "device" });
    const images = Float32Array.from(levels, (v) => v / 255);
    mixBatch({ images, targets: new Float32Array(shape.n) }, mixing, shape);
    images.forEach((v, i) => assert.ok(Math.abs(v - mixed[i]!) < 1e-6));
  }
});

deviceTest(
  "batches finished by the device are those of the workers, within a level",
  async (device) => {
    const augment = readPipeline(PRESETS.strong.pipeline, { size: 12, resize: 14 });
    const division = divide(augment, hasKernel);
    await withLoader(async (loader) => {
      for (const options of [{ ...TRAIN, classes: 3, epoch: 2 }, { ...CHECK, pass: 1 }]) {
        const whole = await collect(loader, { ...options, augment });
        const begun = await collect(loader, { ...options, augment, hasKernel });
        for (const [i, { images, targets, left }] of begun.entries()) {
          const batch = { bytes: images, size: { width: 12, height: 12 }, left: left! };
          const numbers = await finished(device, batch, division);
          const levels = whole[i]!.images.filter((_, k) => k % 4 < 3);
          levels.forEach((v, k) => assert.ok(Math.abs(255 * numbers[k]! - v) < 1.01));
          assert.notDeepEqual(images, whole[i]!.images);
          assert.deepEqual(targets, whole[i]!.targets);
        }
      }
    });
  },
);

deviceTest("choices of another pipeline are refused", async (device) => {
  const parts = steps(transforms.randomHorizontalFlip());
  const drawn = FEW.map(() => [{ name: "equalize", parameters: {} }]);
  await assert.rejects(
    onDevice(device, FEW, parts, drawn),
    /^RangeError: Cannot do "equalize" on the device: none of 1 rounds is left/,
  );
  const batch = {
    bytes: bytesOf(FEW),
    size: FEW[0]!,
    left: { drawn: [], mixing: [{ name: "mixUp", parameters: { lambda: 0.5 } }] },
  };
  await assert.rejects(
    finished(device, batch, { device: parts, batch: [], mixed: "loader" }),
    /^RangeError: Cannot do "mixUp" on the device: none of 0 rounds is left/,
  );
});

Deno.test("docs/augmentation.md says which transforms have kernels", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/augmentation.md", import.meta.url));
  const places = new Map(
    [...text.matchAll(/^\| `(\w+)` .*\| (\w+)[^|]* \|$/gm)].map((row) => [row[1]!, row[2]!]),
  );
  for (const [name, { operations }] of transforms.TRANSFORMS) {
    // Containers run where their steps do, and SelfBlend has a section of its own.
    if (operations.length === 0 || name === "SelfBlend") continue;
    const kernels = operations.every((one) => hasKernel(one.name));
    assert.equal(places.get(name) === "device", kernels, name);
  }
});

Deno.test("strong augmentation adds less than 5 % to the bytes of a step of EfficientNet-B0", () => {
  const run = { size: 224, resize: 256 };
  const division = divide(readPipeline(PRESETS.strong.pipeline, run), hasKernel);
  assert.deepEqual(division.workers.map(({ step }) => step.name), ["RandomResizedCrop"]);
  assert.equal(division.mixed, "device");
  const plan = (part: DevicePart) =>
    planTraining({
      ...{ model: "efficientnet_b0", classes: 2, size: 224, batch: 8, seed: 0, train: true },
      optimizer: { name: "adam" },
      augment: deviceAugmentation(part),
    });
  const plain = plan({ device: [], batch: [], mixed: "loader" });
  const augmented = plan(division);
  const added = augmented.bytesPerImage - plain.bytesPerImage;
  // Three operations of 8 bytes a pixel and one look at the image for tables, at least.
  assert.ok(added > 28 * 224 ** 2, `${added} bytes`);
  assert.ok(added < 0.05 * plain.bytesPerImage, `${added} of ${plain.bytesPerImage} bytes`);
});
