/** Tests of commands, flags and help. No device is opened. */
import assert from "node:assert/strict";
import { nearest } from "../../cli/flags.ts";
import { readTrainFlags, trainCommand } from "../../cli/train_flags.ts";
import { modelInfo, modelNames } from "../../models/mod.ts";
import { verity } from "./command.ts";

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
      [["eval", "--dta", "a"], "Did you mean --data?"],
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
      [["more"], "more"],
    ] as const
  ) {
    const { code, err } = await verity(["train", ...args]);
    assert.equal(code, 2, args.join(" "));
    assert.ok(err.includes(named), err);
  }
});

Deno.test("train without data takes the demo's recipe and with data the reference recipe", () => {
  const demo = trainFlags();
  assert.deepEqual([demo.model, demo.size, demo.schedule], ["resnet18", 48, "one-cycle"]);
  assert.equal(trainFlags("--epochs", "2").epochs, 2);
  const { model, optimizer, lr, schedule, stepEvery, gamma, epochs } = trainFlags("--data", "a");
  assert.deepEqual(
    [model, optimizer, lr, schedule, stepEvery, gamma, epochs],
    ["efficientnet_b0", "adam", 0.005, "step", 4, 0.85, 10],
  );
  assert.equal(trainFlags("--optimizer", "sgd").momentum, 0.9);
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
