/** A short run of the real commands on the device: train, resume, eval, predict. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { tree, verity } from "./command.ts";
import { twoClasses } from "./two_classes.ts";

const TRAIN =
  "train --data data --validation 0.25 --model mobilenetv3_small_100 --size 32 --batch 4 --lr 1e-3 " +
  "--schedule constant --log-every 2 --seed 5 --workers 1 --json";

function events(out: string): Record<string, unknown>[] {
  return out.trimEnd().split("\n").map((line) => JSON.parse(line));
}

deviceTest("train, eval and predict fit together and resume bit for bit", async () => {
  await using folder = await temporaryFolder(await twoClasses());
  const run = async (args: string) => {
    const ended = await verity(args.split(" "), { cwd: folder.path });
    assert.equal(ended.code, 0, ended.err);
    return events(ended.out);
  };
  const whole = await run(`${TRAIN} --epochs 2 --run whole`);
  assert.deepEqual(
    whole.map(({ event }) => event).filter((event) => event !== "note" && event !== "warning"),
    ["plan", "step", "step", "epoch", "step", "step", "epoch", "end"],
  );
  const [plan] = whole.filter(({ event }) => event === "plan");
  assert.deepEqual(plan?.classes, [
    { name: "grey", train: 9, validation: 3 },
    { name: "red", train: 9, validation: 3 },
  ]);
  assert.deepEqual([plan?.steps, plan?.dropped], [4, 2]);
  const end = whole.at(-1);
  assert.equal(end?.run, "whole");
  assert.deepEqual(
    (await tree(`${folder.path}/whole`)).map((name) => name.replace(/(tfevents)\..*/, "$1")).sort(),
    [
      "MODEL_CARD.md",
      "best.safetensors",
      "config.json",
      "data.json",
      "env.json",
      "events.out.tfevents",
      "last.safetensors",
      "metrics.csv",
      "previous.safetensors",
      "report.html",
      "steps.csv",
      "train.log",
      "validation.csv",
    ],
  );

  const outputs = await Deno.readTextFile(`${folder.path}/whole/validation.csv`);
  assert.match(
    outputs,
    /\n\w+\/\d+\.png,\/.*\/data\/\w+\/\d+\.png,[01],/,
    "paths hold from any folder",
  );

  const rerun = await run(
    "train --config whole/config.json --run again --workers 2 --no-report --json",
  );
  const losses = (events: Record<string, unknown>[]) =>
    events.filter(({ event }) => event === "epoch").map((e) => [e["train_loss"], e.loss, e.auc]);
  assert.deepEqual(losses(rerun), losses(whole));
  const config = (name: string) => Deno.readTextFile(`${folder.path}/${name}/config.json`);
  assert.equal(await config("again"), await config("whole"));

  await run(`${TRAIN} --no-report --epochs 1 --run parts`);
  await run("train --resume parts --epochs 2 --workers 2 --no-report --json");
  const [a, b] = await Promise.all(
    ["whole", "parts"].map((name) =>
      readCheckpoint(denoFiles, `${folder.path}/${name}/last.safetensors`)
    ),
  );
  assert.deepEqual(b?.weights, a?.weights);
  assert.deepEqual(b?.optimizer, a?.optimizer);
  assert.deepEqual([b?.epoch, b?.step, b?.best], [2, 8, a?.best]);

  const best = end?.best as Record<string, number>;
  const [measured] = (await run("eval whole --json"))
    .slice(-1);
  const { accuracy, auc, loss } = best;
  assert.deepEqual(
    ["event", "loss", "accuracy", "auc", "n", "classes"].map((name) => measured![name]),
    ["eval", loss, accuracy, auc, 6, ["grey", "red"]],
  );

  const predict =
    "predict --checkpoint whole/best.safetensors --images data/red --seed 3 --json --out";
  await Deno.writeTextFile(`${folder.path}/sample.csv`, "img_name,y_pred\n21.png,0\n3.png,0\n");
  await Promise.all([
    run(`${predict} plain.csv --sample sample.csv`),
    run(`${predict} tta.csv --sample sample.csv --tta 3`),
    run(`${predict} again.csv --sample sample.csv --tta 3`),
  ]);
  const read = (name: string) => Deno.readTextFile(`${folder.path}/${name}`);
  const [plain, tta, again] = [
    await read("plain.csv"),
    await read("tta.csv"),
    await read("again.csv"),
  ];
  assert.match(plain, /^img_name,y_pred\n21\.png,[\d.e-]+\n3\.png,[\d.e-]+\n$/);
  assert.equal(tta, again);
  assert.notEqual(tta, plain);

  const bytes = await Deno.readFile(`${folder.path}/data/red/3.png`);
  await Deno.writeFile(`${folder.path}/data/red/half.png`, bytes.subarray(0, bytes.length / 2));
  const failed = await verity(`${predict} failed.csv`.split(" "), { cwd: folder.path });
  assert.equal(failed.code, 3);
  assert.match(failed.err, /half\.png/);
  assert.ok(!(await tree(folder.path)).some((path) => path.includes("failed.csv")));
});

deviceTest("train --precision f16 resumes bit for bit, and eval repeats its numbers", async () => {
  await using folder = await temporaryFolder(await twoClasses());
  const run = async (args: string) => {
    const ended = await verity(args.split(" "), { cwd: folder.path });
    assert.equal(ended.code, 0, ended.err);
    return ended;
  };
  const last = (name: string) =>
    readCheckpoint(denoFiles, `${folder.path}/${name}/last.safetensors`);
  const halves = `${TRAIN} --precision f16`;
  const whole = events((await run(`${halves} --epochs 2 --run whole`)).out);
  assert.equal(whole.find(({ event }) => event === "plan")!.precision, "f16");
  await run(`${halves} --epochs 1 --run parts`);
  const other = await verity("train --resume parts --precision f32".split(" "), {
    cwd: folder.path,
  });
  assert.equal(other.code, 2);
  assert.match(other.err, /Cannot change --precision of a run to f32: it began with f16/);
  await run("train --resume parts --epochs 2 --json");
  const [a, b] = [await last("whole"), await last("parts")];
  assert.deepEqual(b.weights, a.weights);
  assert.deepEqual(b.optimizer, a.optimizer);
  assert.equal(a.optimizer!.get("loss_scale")!.dtype, "F32");
  assert.ok([...a.weights.values()].every(({ dtype }) => dtype === "F32" || dtype === "I64"));

  const evaluation = "eval --checkpoint whole/last.safetensors --data data --json";
  const measure = async (flags: string) => events((await run(evaluation + flags)).out).at(-1)!.loss;
  const logged = whole.filter(({ event }) => event === "epoch").at(-1)!.loss;
  assert.equal(await measure(""), logged);
  const exact = await measure(" --precision f32");
  assert.notEqual(exact, logged);
  assert.ok(Math.abs((exact as number) - (logged as number)) < 0.01);
});

deviceTest("train fine-tunes as its flags say and resumes with them, bit for bit", async () => {
  await using folder = await temporaryFolder(await twoClasses());
  const run = async (args: string) => {
    const ended = await verity(args.split(" "), { cwd: folder.path });
    assert.equal(ended.code, 0, ended.err);
    return ended;
  };
  const last = (name: string) =>
    readCheckpoint(denoFiles, `${folder.path}/${name}/last.safetensors`);
  const tuned =
    `${TRAIN} --no-report --freeze 2 --head-lr 1e-2 --layer-decay 0.5 --frozen-norm --recompute`;
  const whole = await run(`${tuned} --epochs 2 --run whole`);
  const plan = events(whole.out).find(({ event }) => event === "plan")!;
  assert.deepEqual(
    [plan.frozen, plan["frozen_norm"], plan.recompute],
    [["conv_stem", "blocks.0"], true, true],
  );
  // Not: the stem and its norm; the convolutions of the first block, their norms, and its gate with biases.
  const stem = 16 * 3 * 9 + 32;
  const block = 16 * 9 + 32 + 16 * 8 + 8 + 8 * 16 + 16 + 16 * 16 + 32;
  assert.deepEqual([plan.parameters, plan.trained], [1519906, 1519906 - stem - block]);
  assert.match(whole.err, /Warning: The frozen stages stay at random weights/);

  await run(`${tuned} --epochs 1 --run parts`);
  const first = await last("parts");
  await run("train --resume parts --epochs 2 --no-report --json");
  const [a, b] = [await last("whole"), await last("parts")];
  assert.deepEqual(b.weights, a.weights);
  assert.deepEqual(b.optimizer, a.optimizer);
  for (const key of ["conv_stem.weight", "blocks.0.0.bn2.bias", "blocks.5.0.bn1.running_var"]) {
    assert.deepEqual(b.weights.get(key), first.weights.get(key), key);
  }
  const moved = "blocks.1.0.conv_pw.weight";
  assert.notDeepEqual(b.weights.get(moved), first.weights.get(moved));
  assert.ok(!b.optimizer!.has("exp_avg.conv_stem.weight"));
  const other = await verity("train --resume parts --freeze 3".split(" "), { cwd: folder.path });
  assert.equal(other.code, 2);
  assert.match(other.err, /Cannot change --freeze of a run to 3: it began with 2/);
});
