/** Runs with pipelines of their own through the real commands: training, resuming, passes, the sheet. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { openDecoder } from "../../data/decode.ts";
import { settledOn } from "../../train/run/job.ts";
import { prepareJob } from "../../cli/job.ts";
import { resumeFlags } from "../../cli/resume_flags.ts";
import { readTrainFlags } from "../../cli/train_flags.ts";
import { type Checkpoint, readCheckpoint } from "../../train/checkpoint.ts";
import { pictures, temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { tree, verity } from "./command.ts";
import { folderOfMistakes } from "./mistakes.ts";

const TRAIN =
  "train --data data --validation 0.25 --model mobilenetv3_small_100 --size 32 --batch 4 --lr 1e-3 " +
  "--schedule constant --seed 5 --workers 1 --json";

/** Images of two classes; a pipeline of one's own. */
async function folderOfImages() {
  const names = Array.from({ length: 12 }, (_, i) => `data/${i % 2}/${i}.png`);
  return await temporaryFolder({
    ...await pictures(names, { width: 40, height: 36 }),
    "own.json": JSON.stringify([
      { name: "RandomResizedCrop", options: { scale: [0.5, 1] } },
      { name: "RandomRotation", options: { degrees: 10 } },
    ]),
  });
}

deviceTest("a run with a pipeline trains, resumes with its own, and predicts with it", async () => {
  await using folder = await folderOfImages();
  const run = async (args: string, code = 0) => {
    const ended = await verity(args.split(" "), { cwd: folder.path });
    assert.equal(ended.code, code, ended.err);
    return ended;
  };
  const { out } = await run(`${TRAIN} --augment strong --augment-on device --epochs 2 --run whole`);
  const events = out.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(
    events.find(({ event }) => event === "plan").augment,
    "strong: RandomResizedCrop in workers; RandomHorizontalFlip, TrivialAugmentWide, " +
      "RandomErasing, RandomChoice(MixUp, CutMix) on the device",
  );
  await run(`${TRAIN} --augment strong --augment-on device --epochs 1 --run parts`);
  await run("train --resume parts --epochs 2 --workers 2 --json");
  const [a, b] = await Promise.all(
    ["whole", "parts"].map((name) =>
      readCheckpoint(denoFiles, `${folder.path}/${name}/last.safetensors`)
    ),
  );
  assert.deepEqual(b?.weights, a?.weights);
  assert.equal(a?.configuration.augment, "strong");
  assert.deepEqual(
    (a?.configuration.pipeline as { name: string }[]).map(({ name }) => name),
    [
      "RandomResizedCrop",
      "RandomHorizontalFlip",
      "TrivialAugmentWide",
      "RandomErasing",
      "RandomChoice",
    ],
  );
  const changed = await run("train --resume parts --epochs 3 --augment light", 2);
  assert.match(changed.err, /--augment of a run to light: it began with strong/);
  const moved = await run("train --resume parts --epochs 3 --augment-on workers", 2);
  assert.match(moved.err, /--augment-on of a run to workers: it began with device/);

  const predict =
    "predict --checkpoint whole/best.safetensors --images data/0 --seed 3 --tta 2 --augment-on device --json";
  await run(`${predict} --out trained.csv`);
  const passes = await run(`${predict} --tta-augment own.json --out own.csv`);
  assert.match(passes.out, /each pass: RandomResizedCrop in workers; RandomRotation on the device/);
  const read = (name: string) => Deno.readTextFile(`${folder.path}/${name}`);
  assert.notEqual(await read("trained.csv"), await read("own.csv"));
});

Deno.test("--augment-on auto is the device, but workers where that is software, for the whole run", async () => {
  await using folder = await folderOfImages();
  const prepared = async (more: string) => {
    const args = `${TRAIN} ${more}`.replace("--data data", `--data ${folder.path}/data`).split(" ");
    const parsed = readTrainFlags(args.slice(1));
    assert.ok("flags" in parsed);
    return await prepareJob(parsed.flags, args.slice(1), () => {});
  };
  const strong = await prepared("--augment strong");
  const gpu = settledOn({ software: false }, strong);
  assert.deepEqual([gpu.flags.augmentOn, gpu.recipe.augmentOn], ["device", "device"]);
  assert.deepEqual([gpu.division.device.length, gpu.division.mixed], [3, "device"]);
  assert.equal(gpu.placed, undefined);
  const software = settledOn({ software: true }, strong);
  assert.deepEqual([software.flags.augmentOn, software.recipe.augmentOn], ["workers", "workers"]);
  assert.deepEqual([software.division.device.length, software.division.mixed], [0, "loader"]);
  assert.match(software.placed!, /software \(--augment-on device/);
  // What a person says stays, and what has nothing for a device needs no reason.
  const told = await prepared("--augment strong --augment-on device");
  assert.equal(settledOn({ software: true }, told), told);
  assert.equal(settledOn({ software: true }, await prepared("--augment none")).placed, undefined);

  // A run that goes on has what it began with, whatever the adapter is now.
  const checkpoint = { configuration: software.recipe } as unknown as Checkpoint;
  for (const args of [[], ["--augment-on", "auto"]]) {
    assert.equal(resumeFlags(checkpoint, { path: "last", args }).augmentOn, "workers");
  }
});

Deno.test("augment writes a sheet of originals and variants, the same each time", async () => {
  await using folder = await folderOfImages();
  const run = async (args: string, code = 0) => {
    const ended = await verity(args.split(" "), { cwd: folder.path });
    assert.equal(ended.code, code, ended.err);
    return ended;
  };
  const make = "augment --in data/0 --recipe own.json --count 2 --variants 3 --size 32";
  const { out } = await run(`${make} --out sheet.png`);
  assert.match(out, /sheet\.png/);
  await run(`${make} --out again.png`);
  const read = (name: string) => Deno.readFile(`${folder.path}/${name}`);
  assert.deepEqual(await read("sheet.png"), await read("again.png"));
  const sheet = await (await openDecoder()).decode(await read("sheet.png"), "sheet.png");
  assert.ok(sheet.width >= 4 * 32 && sheet.height >= 2 * 32);
  await run(`${make} --seed 1 --out other.png`);
  assert.notDeepEqual(await read("sheet.png"), await read("other.png"));

  const { err } = await run("augment --in data/0 --recipe owm --out sheet.png", 2);
  assert.match(err, /--recipe owm/);
  assert.match((await run("augment --in nowhere --recipe light --out a.png", 3)).err, /nowhere/);
  assert.match((await run("augment --list")).out, /RandomRotation[^]*degrees/);
});

const ASKED =
  "train --run run --model mobilenetv3_small_100 --size 32 --batch 4 --epochs 1 --data good";
const PREDICT = "predict --checkpoint small.safetensors --images good/a --out out.csv";

/** What is asked for, and what the refusal must name. */
const REFUSED: readonly [mistake: string, args: string, names: readonly string[]][] = [
  ["a preset that is none", `${ASKED} --augment strog`, [
    "--augment strog",
    "did you mean strong?",
    "reference",
  ]],
  ["a transform that is none", `${ASKED} --augment unknown_transform.json`, [
    "augment[1].name",
    "RandomRotate",
    "did you mean RandomRotation?",
  ]],
  ["an option of a transform out of its range", `${ASKED} --augment bad_option.json`, [
    "augment[2].options.transforms[0].options.sigma",
    "-1",
    "a number above 0",
  ]],
  ["a pipeline that is no JSON", `${ASKED} --augment words.csv`, [
    "--augment",
    "words.csv",
    "JSON was needed",
  ]],
  ["a self-blend without a real class", `${ASKED} --augment deepfake`, [
    "augment[1].options.real",
    "one of a, b",
  ]],
  ["passes' augmentation without passes", `${PREDICT} --tta-augment none`, [
    "--tta-augment",
    "--tta",
  ]],
  ["a preset for passes that is none", `${PREDICT} --tta 2 --tta-augment lihgt`, [
    "--tta-augment lihgt",
    "did you mean light?",
  ]],
];

Deno.test("a pipeline that cannot be used ends with 2 and its place, and nothing is written", async (t) => {
  await using folder = await folderOfMistakes();
  const before = await tree(folder.path);
  for (const [mistake, args, names] of REFUSED) {
    await t.step(mistake, async () => {
      const { code, err } = await verity(args.split(" "), { cwd: folder.path });
      assert.equal(code, 2, err);
      for (const name of names) assert.ok(err.includes(name), `${name} is not in: ${err}`);
      assert.equal(err.trimEnd().split("\n").length, 1);
    });
  }
  assert.deepEqual(await tree(folder.path), before);
});
