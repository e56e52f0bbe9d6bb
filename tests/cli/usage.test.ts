/** Tests of commands, flags and help. No device is opened. */
import assert from "node:assert/strict";
import { nearest } from "../../cli/flags.ts";
import { describeRecipe } from "../../train/recipe/describe.ts";
import { UsageError } from "../../cli/errors.ts";
import { sessionOptions } from "../../train/recipe/recipe.ts";
import { readTrainFlags, trainCommand } from "../../cli/train_flags.ts";
import { tuningWarning } from "../../train/recipe/tuning.ts";
import { modelInfo, modelNames } from "../../models/mod.ts";
import { verity } from "./command.ts";

// What the machine has downloaded is no part of these tests.
Deno.env.set("HF_HOME", "/nowhere");

function trainFlags(...args: string[]) {
  const parsed = readTrainFlags(args);
  assert.ok("flags" in parsed);
  return parsed.flags;
}

Deno.test("verity suggests the command and the flag that were meant, with exit code 2", async () => {
  for (
    const [args, meant] of [
      [["trian"], "Did you mean train?"],
      [["train", "--epoch", "3"], "Did you mean --epochs?"],
      [["predict", "--checkpoin", "a"], "Did you mean --checkpoint?"],
      [["eval", "--dat", "a"], "Did you mean --data?"],
      [["train", "--model", "resnet8"], "Did you mean resnet18?"],
      [["export", "--format", "onx"], "Did you mean onnx?"],
    ] as const
  ) {
    const { code, out, err } = await verity(args);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.ok(err.includes(meant), err);
    assert.equal(err.trimEnd().split("\n").length, 1, err);
  }
});

Deno.test("verity --help and --help of every command list what there is, with exit code 0", async () => {
  const all = await verity(["--help"]);
  for (const command of ["train", "predict", "eval"]) {
    assert.ok(all.out.includes(`  ${command} `));
    const { code, out } = await verity([command, "--help"]);
    assert.equal(code, 0);
    for (const flag of ["--seed", "--json", "--power"]) assert.ok(out.includes(flag), out);
  }
  assert.equal(all.code, 0);
  assert.equal((await verity([])).code, 2);
});

Deno.test("verity models lists every model with its figures and tags", async () => {
  const [text, json] = await Promise.all([verity(["models"]), verity(["models", "--json"])]);
  assert.match(text.out, /^efficientnet_b0 +5\.3 M +0\.386 +224 +ra_in1k ra4_e3600_r224_in1k$/m);
  assert.match(text.out, /^efficientnet_b7 .*\(none\)$/m);
  const rows = json.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(rows.map(({ model }) => model), modelNames);
  assert.deepEqual(rows[4].pretrained, modelInfo("efficientnet_b4").pretrained);
});

Deno.test("verity refuses values and combinations that mean nothing, with exit code 2", async () => {
  for (
    const [args, named] of [
      [["--epochs", "0"], "--epochs"],
      [["--lr", "fast"], "--lr"],
      [["--label-smoothing", "1"], "--label-smoothing"],
      [["--class-weights", "1,-2"], "--class-weights"],
      [["--data", "--json"], "--data"],
      [["--labels", "a.csv"], "--images"],
      [["--data", "a", "--labels", "a.csv", "--images", "b"], "--labels"],
      [["--nesterov"], "--optimizer sgd"],
      [["--schedule", "constant", "--gamma", "0.5", "--data", "a"], "--gamma"],
      [["--size", "64", "--resize", "32"], "--resize"],
      [["--name", "../a"], "../a"],
      [["--data", "a", "--freeze", "99"], "efficientnet_b0 has 10 stages (conv_stem, blocks.0, "],
      [["--freeze", "head"], "backbone or a whole number"],
      [["--layer-decay", "1.5"], "--layer-decay"],
      [["more"], "more"],
    ] as const
  ) {
    const { code, err } = await verity(["train", ...args]);
    assert.equal(code, 2, args.join(" "));
    assert.ok(err.includes(named), err);
  }
});

Deno.test("train without data takes the demo's recipe, whose options flags replace", () => {
  const demo = trainFlags();
  assert.deepEqual([demo.model, demo.size, demo.schedule], ["resnet18", 48, "one-cycle"]);
  assert.equal(trainFlags("--epochs", "2").epochs, 2);
  assert.equal(trainFlags("--optimizer", "sgd").momentum, 0.9);
});

Deno.test("train refuses flags of fine-tuning that mean nothing beside a frozen backbone", () => {
  for (const freeze of ["backbone", "9"]) {
    for (
      const flag of [["--head-lr", "1"], ["--layer-decay", "0.5"], ["--frozen-norm"], [
        "--recompute",
      ]]
    ) {
      assert.throws(
        () => trainFlags("--data", "a", "--freeze", freeze, ...flag),
        (error) =>
          error instanceof UsageError && error.message.includes(flag[0]!) &&
          error.message.includes(freeze),
      );
      trainFlags("--data", "a", "--freeze", "8", ...flag);
    }
  }
});

Deno.test("flags of fine-tuning become options of a session", () => {
  const recipe = (text: string) => ({ ...trainFlags(...text.split(" ")), size: 224, resize: 256 });
  const flags = recipe(
    "--data a --lr 0.01 --freeze 3 --head-lr 0.1 --layer-decay 0.75 --frozen-norm --recompute",
  );
  const { freeze, headFactor, layerDecay, frozenNorm, recompute } = sessionOptions(flags, [1, 1]);
  assert.deepEqual([freeze, layerDecay, frozenNorm, recompute], [3, 0.75, true, true]);
  assert.ok(Math.abs(headFactor! - 10) < 1e-12);
  assert.match(
    describeRecipe(flags).schedule,
    /^learning rate 0\.01 \(classifier 0\.1\) × 0\.75 for each stage below the classifier/,
  );
  const plain = sessionOptions(recipe("--data a"), [1, 1]);
  assert.deepEqual([plain.freeze, plain.headFactor, plain.layerDecay], [undefined, 1, 1]);
});

Deno.test("frozen parts that nobody trained are warned of", () => {
  assert.equal(tuningWarning({}, false), undefined);
  assert.equal(tuningWarning({ freeze: 2, frozenNorm: true }, true), undefined);
  assert.match(tuningWarning({ freeze: "backbone" }, false)!, /random weights.*--weights/);
  assert.match(tuningWarning({ frozenNorm: true }, false)!, /norms.*--weights/);
});

Deno.test("train's help and flags name each other", () => {
  const names = trainCommand().options.map((option) => option.long);
  assert.equal(new Set(names).size, names.length);
  for (const option of trainCommand().options) {
    assert.ok(option.description.length > 5, option.long);
  }
});

Deno.test("nearest() finds a near word and none for a far one", () => {
  assert.equal(nearest("evla", ["train", "eval"]), "eval");
  assert.equal(nearest("zebra", ["train", "eval"]), undefined);
});
