/** Tests of pipelines as data: what is read, what is refused and where, and where steps run. */
import assert from "node:assert/strict";
import { divide, type Place } from "../../data/divide.ts";
import { PipelineError, readPipeline } from "../../data/pipeline.ts";
import { type PresetName, PRESETS } from "../../data/presets.ts";
import type { Field } from "../../data/transforms/fields.ts";
import {
  gaussianBlur,
  randomApply,
  randomHorizontalFlip,
  randomResizedCrop,
  randomRotation,
  TRANSFORMS,
} from "../../data/transforms/mod.ts";

const RUN = { size: 224, resize: 256 };
const CROP = { name: "RandomCrop" };

Deno.test("readPipeline() gives every option, sizes from the run", () => {
  const pipeline = readPipeline([{ name: "Resize" }, CROP, randomHorizontalFlip({ p: 0.3 })], RUN);
  assert.deepEqual(pipeline, [
    { name: "Resize", options: { size: 256, interpolation: "bilinear", maxSize: null } },
    {
      name: "RandomCrop",
      options: { size: 224, padding: null, padIfNeeded: false, fill: 0, mode: "constant" },
    },
    { name: "RandomHorizontalFlip", options: { p: 0.3 } },
  ]);
  // What was read is read again as it is, after a way through JSON too.
  assert.deepEqual(readPipeline(JSON.parse(JSON.stringify(pipeline)), RUN), pipeline);
});

Deno.test("transforms are functions that give plain data", () => {
  assert.deepEqual(randomRotation({ degrees: 10 }), {
    name: "RandomRotation",
    options: { degrees: 10 },
  });
  assert.deepEqual(
    randomApply({ p: 0.2, transforms: [gaussianBlur({ kernelSize: 3 })] }),
    {
      name: "RandomApply",
      options: { p: 0.2, transforms: [{ name: "GaussianBlur", options: { kernelSize: 3 } }] },
    },
  );
  assert.deepEqual(randomResizedCrop(), { name: "RandomResizedCrop" });
});

/** Recipes that are wrong, and what is said about them. */
const WRONG: readonly [unknown, RegExp][] = [
  [{}, /^Cannot read augment: \{\} was given, a list of transforms was needed$/],
  [["Resize"], /^Cannot read augment\[0\]: "Resize" was given, an object such as/],
  [[{ nam: "Resize" }], /augment\[0\]\.nam: a transform has a name and options/],
  [[{ name: 7 }], /augment\[0\]\.name: 7 was given, the name of a transform/],
  [
    [CROP, { name: "RandomRotate" }],
    /augment\[1\]\.name: "RandomRotate" is no transform \(did you mean RandomRotation\?\)/,
  ],
  [[{ name: "random_crop" }], /did you mean RandomCrop\?/],
  [[{ name: "HorizontalFlip" }], /did you mean RandomHorizontalFlip\?/],
  [[{ name: "Sharpener3000" }], /is no transform \(one of Resize, CenterCrop, /],
  [[{ name: "Normalize" }], /augment\[0\]\.name: the model normalizes on the device/],
  [[{ name: "RandomCrop", options: [] }], /augment\[0\]\.options: \[\] was given, an object/],
  [
    [CROP, CROP, { name: "GaussianBlur", options: { kernelSize: 3, sigma: -1 } }],
    /^Cannot read augment\[2\]\.options\.sigma: -1 was given, a number above 0, or \[low, high\] above 0, was needed$/,
  ],
  [
    [{ name: "GaussianBlur", options: { kernel_size: 3 } }],
    /options\.kernel_size: "kernel_size" is no option of GaussianBlur \(did you mean kernelSize\?\)/,
  ],
  [[{ name: "GaussianBlur" }], /options\.kernelSize: nothing was given, an odd number of pixels/],
  [[{ name: "GaussianBlur", options: { kernelSize: 4 } }], /kernelSize: 4 was given, an odd/],
  [[{ name: "RandomRotation", options: { degrees: [5, -5] } }], /degrees: \[5,-5\] was given/],
  [
    [{ name: "RandomRotation", options: { degrees: 5, interpolation: "bilinaer" } }],
    /did you mean "bilinear"\?/,
  ],
  [
    [{ name: "RandomHorizontalFlip", options: { p: 1.5 } }],
    /p: 1\.5 was given, a number from 0 to 1/,
  ],
  [[{ name: "RandomHorizontalFlip", options: { p: null } }], /p: null was given/],
  [[{ name: "ColorJitter", options: { hue: 0.7 } }], /hue: 0\.7 was given/],
  [[{ name: "JPEG", options: { quality: [90, 30] } }], /quality: \[90,30\] was given/],
  [
    [{ name: "Resize", options: { maxSize: 100 } }],
    /augment\[0\]\.options\.maxSize: 100 was given, a number above the shorter side, 256,/,
  ],
  [
    [{ name: "RandAugment", options: { magnitude: 31 } }],
    /augment\[0\]\.options\.magnitude: 31 was given, a bin below 31/,
  ],
  [
    [{ name: "RandomApply", options: { transforms: [] } }],
    /transforms: \[\] was given, at least one transform/,
  ],
  [
    [{ name: "RandomApply", options: { transforms: [CROP, { name: "JPEG", options: {} }] } }],
    /augment\[0\]\.options\.transforms\[1\]\.options\.quality: nothing was given/,
  ],
  [
    [{ name: "RandomChoice", options: { transforms: [CROP, CROP], p: [1] } }],
    /augment\[0\]\.options\.p: \[1\] was given, a number for each of 2 transforms/,
  ],
  [
    [CROP, { name: "MixUp" }, randomHorizontalFlip()],
    /augment\[2\]: RandomHorizontalFlip stands after MixUp/,
  ],
  [
    [CROP, {
      name: "RandomChoice",
      options: { transforms: [{ name: "MixUp" }, randomHorizontalFlip()] },
    }],
    /augment\[1\]\.options\.transforms: some mix images of a batch/,
  ],
  [[], /augment: its images end with different sizes, 224 × 224 was needed/],
  [[{ name: "Resize" }], /end with different sizes/],
  [[{ name: "RandomCrop", options: { size: 200 } }], /end with 200 × 200/],
  [[CROP, { name: "RandomRotation", options: { degrees: 5, expand: true } }], /different sizes/],
  [[CROP, {
    name: "RandomApply",
    options: { transforms: [{ name: "Pad", options: { padding: 1 } }] },
  }], /different sizes/],
  [
    [CROP, { name: "SelfBlend", options: { real: "dog" } }],
    /real: "dog" was given, a class, one of 0, 1,/,
  ],
];

Deno.test("readPipeline() says where a recipe is wrong and what was needed", () => {
  for (const [recipe, text] of WRONG) {
    assert.throws(() => readPipeline(recipe, RUN), (error) => {
      assert.ok(error instanceof PipelineError, String(error));
      assert.match(error.message, text);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  }
  assert.throws(() => readPipeline([{}], RUN, "tta-augment"), /tta-augment\[0\]\.name/);
});

Deno.test("SelfBlend knows the real class by name, and asks where it cannot know", () => {
  const classes = (names: readonly string[], options = {}) => {
    const [step] = readPipeline([{ name: "SelfBlend", options }, CROP], { ...RUN, classes: names });
    return [step!.options!["real"], step!.options!["manipulated"]];
  };
  assert.deepEqual(classes(["0", "1"]), [0, 1]);
  assert.deepEqual(classes(["fake", "Real"]), [1, 0]);
  assert.deepEqual(classes(["cat", "dog"], { real: "dog", manipulated: "cat" }), [1, 0]);
  assert.throws(
    () => classes(["cat", "dog"]),
    /options\.real: nothing was given, a class, one of cat, dog,/,
  );
  assert.throws(() => classes(["0", "1", "2"]), /a class, one of 0, 1, 2,/);
});

/** Names of the steps by where they run. */
function placesOf(preset: PresetName, hasKernel?: (operation: string) => boolean) {
  const division = divide(readPipeline(PRESETS[preset].pipeline, RUN), hasKernel);
  const names = (place: Place) => division[place].map(({ step }) => step.name);
  return {
    ...{ prefix: names("prefix"), workers: names("workers"), device: names("device") },
    ...{ batch: names("batch"), mixed: division.mixed },
  };
}

Deno.test("without kernels all random steps run on bytes, with kernels what keeps the size does not", () => {
  assert.deepEqual(placesOf("none"), {
    prefix: ["Resize"],
    workers: ["CenterCrop"],
    device: [],
    batch: [],
    mixed: "loader",
  });
  assert.deepEqual(placesOf("reference"), {
    prefix: ["Resize"],
    workers: ["RandomCrop", "RandomHorizontalFlip"],
    device: [],
    batch: [],
    mixed: "loader",
  });
  const all = () => true;
  // A crop and a flip are one copy of the image, which has to be made anyway.
  assert.deepEqual(placesOf("reference", all), placesOf("reference"));
  assert.deepEqual(placesOf("strong", all), {
    prefix: [],
    workers: ["RandomResizedCrop"],
    device: ["RandomHorizontalFlip", "TrivialAugmentWide", "RandomErasing"],
    batch: ["RandomChoice"],
    mixed: "device",
  });
  // What stands before a step on bytes runs there too.
  const noWarps = (name: string) => name !== "affine";
  assert.deepEqual(placesOf("strong", noWarps), {
    prefix: [],
    workers: ["RandomResizedCrop", "RandomHorizontalFlip", "TrivialAugmentWide"],
    device: ["RandomErasing"],
    batch: ["RandomChoice"],
    mixed: "device",
  });
  // What is mixed on bytes has to be finished there.
  const noMixing = placesOf("strong", (name) => name !== "mixUp");
  assert.deepEqual([noMixing.device, noMixing.mixed], [[], "loader"]);
});

Deno.test("every step has a reason for where it runs, and its random numbers whatever the place", () => {
  const pipeline = readPipeline(PRESETS.deepfake.pipeline, RUN);
  const hasKernel = (name: string) => !["jpeg", "selfBlend"].includes(name);
  const { prefix, workers, device, batch } = divide(pipeline, hasKernel);
  const parts = [...prefix, ...workers, ...device, ...batch];
  assert.deepEqual(parts.map(({ step }) => step), pipeline);
  assert.deepEqual(parts.map(({ position }) => position), [0, 0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(workers.map(({ why }) => why), [
    "selfBlend has no kernel",
    "it changes the size",
    "jpeg has no kernel",
  ]);
  assert.equal(divide(pipeline).workers[4]!.why, "workers do all of it");
});

Deno.test("presets can be read, and say what they are for", () => {
  for (const [name, { about, pipeline }] of Object.entries(PRESETS)) {
    assert.ok(about.length > 20, name);
    assert.equal(readPipeline(pipeline, RUN).length, pipeline.length);
    assert.ok(readPipeline(pipeline, { size: 32, resize: 37 }).length > 0);
  }
});

Deno.test("docs/augmentation.md has every transform, option and default, and every preset", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/augmentation.md", import.meta.url));
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  const rowOf = (name: string) => rows.find((row) => row.startsWith(`| \`${name}\` `));
  const said = (key: string, value: unknown) => `\`${key}\` ${JSON.stringify(value)}`;
  for (const [name, { fields }] of TRANSFORMS) {
    // The options of SelfBlend have a table of their own.
    if (name === "SelfBlend") {
      for (const key of Object.keys(fields)) assert.ok(rowOf(key), key);
      continue;
    }
    const row = rowOf(name) ?? assert.fail(`${name} is missing`);
    for (const [key, field] of Object.entries(fields) as [string, Field<unknown>][]) {
      let expected = `\`${key}\` needed`;
      if (key === "size") expected = "`size` of the run";
      else if (key !== "transforms") {
        try {
          expected = said(key, field.read(undefined, "", { ...RUN, steps: () => [] }));
        } catch (error) {
          assert.ok(error instanceof PipelineError);
        }
      }
      assert.ok(row.includes(expected), `${name}: ${expected}`);
    }
  }
  for (const name of Object.keys(PRESETS)) assert.ok(rowOf(name), name);
});
