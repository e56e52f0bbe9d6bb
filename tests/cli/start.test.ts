/** Tests of what a run's images are made into: by tag, by checkpoint, or from scratch. No file is read. */
import assert from "node:assert/strict";
import { UsageError } from "../../cli/errors.ts";
import { preprocessingOf, withSizes } from "../../train/recipe/start.ts";
import { readTrainFlags } from "../../cli/train_flags.ts";
import { IMAGENET_BILINEAR, type Preprocessing } from "../../models/pretrained.ts";

// What the machine has downloaded is no part of these tests.
Deno.env.set("HF_HOME", "/nowhere");

/** Preprocessing and sizes of a command line, which a checkpoint's may go before. */
function start(line: string, saved?: Preprocessing) {
  const parsed = readTrainFlags(`--data a ${line}`.trim().split(" "));
  assert.ok("flags" in parsed);
  const preprocessing = preprocessingOf(parsed.flags, saved);
  const { size, resize } = withSizes(parsed.flags, preprocessing);
  return { ...preprocessing, size, resize };
}

Deno.test("from scratch, images are resized bilinearly to 256 for 224 and take the model's mean", () => {
  assert.deepEqual(start(""), { ...IMAGENET_BILINEAR, size: 224, resize: 256 });
  assert.equal(start("--size 64").resize, 73);
  const lite = start("--model tf_efficientnet_lite0");
  assert.deepEqual([lite.tag, lite.mean, lite.interpolation], [
    undefined,
    [0.5, 0.5, 0.5],
    "bilinear",
  ]);
  assert.equal(start("--model efficientnet_b7").size, 600);
});

Deno.test("weights bring the preprocessing of their tag: timm's default one unless --tag says which", () => {
  const b0 = start("--weights w");
  assert.deepEqual([b0.tag, b0.interpolation, b0.resize], ["ra_in1k", "bicubic", 256]);
  assert.deepEqual(
    start("--model resnet18 --weights w"),
    { ...IMAGENET_BILINEAR, tag: "a1_in1k", interpolation: "bicubic", size: 224, resize: 235 },
  );
  const small = start("--model resnet50 --weights w --tag a3_in1k");
  assert.deepEqual([small.size, small.resize], [160, 168]);
  assert.deepEqual(
    start("--model mobilenetv3_large_100 --weights w --tag miil_in21k_ft_in1k --size 96"),
    {
      tag: "miil_in21k_ft_in1k",
      ...{ mean: [0, 0, 0], std: [1, 1, 1], interpolation: "bilinear", size: 96, resize: 109 },
    },
  );
  assert.equal(start("--model efficientnet_b7 --weights w").interpolation, "bilinear");
});

Deno.test("a checkpoint brings the preprocessing that it was saved with", () => {
  const saved = { ...IMAGENET_BILINEAR, tag: "a3_in1k", interpolation: "bicubic" } as const;
  assert.deepEqual(
    start("--model resnet18 --weights c --size 96", saved),
    { ...saved, size: 96, resize: 101 },
  );
});

Deno.test("a tag is refused where nothing has it, and where it would have no effect", () => {
  assert.throws(() => start("--weights w --tag ra_in1"), (error: unknown) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /ra_in1k/);
    return true;
  });
  assert.throws(() => start("--tag ra_in1k"), /^UsageError: Cannot use --tag .*from scratch/);
  assert.throws(() => start("--weights c --tag ra_in1k", IMAGENET_BILINEAR), /checkpoint/);
  assert.throws(() => start("--size 64 --resize 32"), /--resize 32/);
});
