/** Tests of options from files: their schema, their mistakes, their order with flags and recipes. No device is opened. */
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv";
import { configSchema, readConfig } from "../../cli/config.ts";
import { UsageError } from "../../cli/errors.ts";
import { RECIPES } from "../../train/recipe/recipes.ts";
import { recipeOf } from "../../cli/resume_flags.ts";
import { readTrainFlags, trainCommand } from "../../cli/train_flags.ts";
import { temporaryFolder } from "../data/fixtures.ts";

// What the machine has downloaded is no part of these tests.
Deno.env.set("HF_HOME", "/nowhere");

function trainFlags(...args: string[]) {
  const parsed = readTrainFlags(args);
  assert.ok("flags" in parsed);
  return parsed.flags;
}

/** What `readConfig` says of a text. */
function mistake(text: string): string {
  try {
    readConfig(trainCommand(), { text, path: "run.json" });
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "";
}

Deno.test("docs/run.schema.json is the schema of train's flags (deno task schema writes it)", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/run.schema.json", import.meta.url));
  assert.deepEqual(
    JSON.parse(text),
    JSON.parse(JSON.stringify(configSchema(trainCommand(), "Options of verity train"))),
  );
});

Deno.test("the schema takes what the reader takes and refuses what it refuses", () => {
  const validate = new Ajv2020({ allowUnionTypes: true })
    .compile(configSchema(trainCommand(), "Options of verity train"));
  const cases: readonly [config: unknown, right: boolean][] = [
    [{ epochs: 3, lr: 1e-3, data: ["a", "b:0.5"], nesterov: true, cacheSize: "2G" }, true],
    [{ data: "a", freeze: "backbone", pretrained: false, augment: [{ name: "Resize" }] }, true],
    [{ freeze: 2, pretrained: "in1k", model: "resnet18", classWeights: "auto" }, true],
    [{ epochs: "3" }, false],
    [{ epochs: 0 }, false],
    [{ epoch: 3 }, false],
    [{ lr: true }, false],
    [{ model: "resnet8" }, false],
    [{ freeze: "head" }, false],
    [{ drop: 1 }, false],
    [{ config: "other.json" }, false],
    [[], false],
  ];
  for (const [config, right] of cases) {
    const text = JSON.stringify(config);
    assert.equal(validate(config), right, text);
    assert.equal(mistake(text) === "", right, text);
  }
});

Deno.test("a mistake in a file is named with line and column, and the nearest option", () => {
  for (
    const [text, message] of [
      [
        '{\n  "epochs": 3,\n  "epoch": 4\n}',
        'run.json:3:3: there is no option "epoch", did you mean "epochs"?',
      ],
      [
        '{ "label-smoothing": 0.1 }',
        'run.json:1:3: there is no option "label-smoothing", did you mean "labelSmoothing"?',
      ],
      ['{ "zebra": 1 }', 'there is no option "zebra", one of seed, json, data'],
      ['{\n "lr": "fast" }', 'run.json:2:8: "lr" is "fast", a number was needed'],
      ['{ "model": "resnet8" }', 'run.json:1:12: "model" is "resnet8", did you mean resnet18?'],
      ['{ "epochs": 2.5 }', 'run.json:1:13: "epochs" is 2.5, a whole number from 1 was needed'],
      ['{ "epochs": 3, "epochs": 4 }', 'run.json:1:16: "epochs" stands here again'],
      ['{ "epochs": 3,, }', "run.json:1:15: "],
      [`{ "lr": ${"[".repeat(20000)}`, "run.json:1:108: values lie in more than 100 others"],
      ["[]", "run.json:1:1: an object of options was needed"],
    ] as const
  ) {
    assert.ok(mistake(text).includes(message), `${mistake(text)}\n${message}`);
  }
});

Deno.test("flags go before the file, the file before the recipe, the recipe before defaults", async () => {
  await using folder = await temporaryFolder({
    "run.json": JSON.stringify({ data: ["a"], epochs: 7, batch: 4, freeze: 2, augment: "light" }),
  });
  const flags = trainFlags("--config", `${folder.path}/run.json`, "--batch", "8", "--data", "b");
  const { data, batch, epochs, lr, freeze, augment, stepEvery, recipe } = flags;
  assert.deepEqual([data, batch, epochs, freeze, augment], [["b"], 8, 7, 2, "light"]);
  assert.deepEqual([recipe, lr, stepEvery], ["scratch", RECIPES.scratch.options.lr, 4]);
});

Deno.test("a flag replaces what a file says in other words", async () => {
  const saved = { data: ["a"], weights: "w", tag: "a1_in1k", model: "resnet18", folds: 5, fold: 1 };
  await using folder = await temporaryFolder({ "run.json": JSON.stringify(saved) });
  const config = ["--config", `${folder.path}/run.json`];
  const same = trainFlags(...config);
  assert.deepEqual([same.data, same.weights, same.folds], [["a"], "w", 5]);
  const flags = trainFlags(
    ...config,
    ...["--labels", "l.csv", "--images", "i", "--pretrained", "--validation", "0.3"],
  );
  const { data, labels, weights, pretrained, folds, validation } = flags;
  assert.deepEqual(
    [data, labels, weights, pretrained, folds, validation],
    [undefined, "l.csv", undefined, "a1_in1k", undefined, 0.3],
  );
  assert.throws(() => trainFlags(...config, "--resume", "run"), UsageError);
});

Deno.test("a recipe follows from data and weights, or is named", () => {
  assert.equal(trainFlags().recipe, "demo");
  assert.equal(trainFlags("--data", "a").recipe, "scratch");
  assert.equal(trainFlags("--data", "a", "--weights", "w").recipe, "fine-tune");
  assert.equal(trainFlags("--data", "a", "--pretrained").recipe, "fine-tune");
  assert.equal(trainFlags("--data", "a", "--weights", "w", "--recipe", "scratch").lr, 2e-3);
  const {
    optimizer,
    lr,
    schedule,
    stepEvery,
    gamma,
    epochs,
    labelSmoothing,
    weightDecay,
    augment,
  } = trainFlags("--data", "a", "--weights", "w", "--recipe", "reference");
  assert.deepEqual(
    { optimizer, lr, schedule, stepEvery, gamma, epochs, labelSmoothing, weightDecay, augment },
    {
      ...{ optimizer: "adam", lr: 5e-3, schedule: "step", stepEvery: 4, gamma: 0.85, epochs: 10 },
      ...{ labelSmoothing: 0, weightDecay: 0, augment: "flips" },
    },
  );
});

Deno.test("what a recipe sets goes with what replaces the rest of it", () => {
  const plain = trainFlags("--data", "a", "--weights", "w");
  const { optimizer, weightDecay, schedule, warmup, ema, patience } = plain;
  assert.deepEqual(
    { optimizer, weightDecay, schedule, warmup, ema, patience },
    {
      optimizer: "adamw",
      weightDecay: 0.05,
      schedule: "cosine",
      warmup: 1,
      ema: 0.999,
      patience: 5,
    },
  );
  const flags = (text: string) => trainFlags("--data", "a", "--weights", "w", ...text.split(" "));
  assert.equal(flags("--schedule one-cycle").warmup, 0);
  assert.equal(flags("--schedule cosine").warmup, 1);
  assert.equal(flags("--optimizer sgd").weightDecay, 0);
  assert.equal(flags("--optimizer sgd --weight-decay 1e-4").weightDecay, 1e-4);
  assert.equal(flags("--epochs 2").warmup, 0.4);
  const free = flags("--optimizer schedule-free");
  assert.deepEqual([free.schedule, free.ema, free.warmup], ["constant", undefined, 1]);
});

Deno.test("weights that were downloaded earlier begin a run, unless a flag says otherwise", async () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const repository = "hub/models--timm--efficientnet_b0.ra_in1k";
  const file = `${repository}/snapshots/${commit}/model.safetensors`;
  await using folder = await temporaryFolder({
    [`${repository}/refs/main`]: commit,
    [file]: "weights",
  });
  const lines = [
    ["--data", "a"],
    ["--data", "a", "--no-pretrained"],
    ["--data", "a", "--model", "resnet18"],
    [],
  ];
  // In a process of its own: the environment of this one is that of other tests too.
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { readTrainFlags } from "${new URL("../../cli/train_flags.ts", import.meta.url)}";
      const all = ${JSON.stringify(lines)}.map((line) => readTrainFlags(line).flags);
      console.log(JSON.stringify(all));`,
    ],
    cwd: new URL("../..", import.meta.url),
    env: { HF_HOME: folder.path },
  }).output();
  const [found, ...others] = JSON.parse(new TextDecoder().decode(stdout));
  const { weights, tag, pretrained, recipe } = found;
  assert.deepEqual(
    [weights, tag, pretrained, recipe],
    [`${folder.path}/${file}`, "ra_in1k", undefined, "fine-tune"],
  );
  assert.deepEqual(
    others.map((flags: typeof found) => [flags.weights, flags.pretrained]),
    [[undefined, false], [undefined, false], [undefined, false]],
  );
});

Deno.test("the saved options of every recipe are read again as they are", async () => {
  const cases = ["fine-tune", "scratch", "reference", "demo"].flatMap((name) =>
    [[], ["--optimizer", "sgd"], ["--schedule", "exponential"], ["--epochs", "2", "--ema", "0"]]
      .map((replaced) => [name, replaced] as const)
  );
  for (const [name, replaced] of cases) {
    const first = trainFlags(
      ...["--data", "a", "--no-pretrained", "--recipe", name, "--size", "32", "--resize", "40"],
      ...["--freeze", "2", "--folds", "4", ...replaced],
    );
    const saved = recipeOf({ ...first, size: 32, resize: 40 });
    await using folder = await temporaryFolder({ "config.json": JSON.stringify(saved) });
    const again = trainFlags("--config", `${folder.path}/config.json`);
    assert.deepEqual(recipeOf({ ...again, size: 32, resize: 40 }), saved, `${name} ${replaced}`);
  }
});
