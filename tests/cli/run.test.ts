/** Runs in this process, on the device: images that grow, checkpoints that are kept, looks before a run. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { prepareJob } from "../../cli/job.ts";
import { searchRate } from "../../cli/lr_find.ts";
import { trainJob } from "../../cli/train.ts";
import { readTrainFlags } from "../../cli/train_flags.ts";
import { DataError } from "../../data/errors.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import type { RunEvent } from "../../train/events.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { tree } from "./command.ts";
import { twoClasses } from "./two_classes.ts";

// What the machine has downloaded is no part of these tests.
Deno.env.set("HF_HOME", "/nowhere");

/** Prepares the job of a command line, and what it says. */
async function job(line: string) {
  const args = line.split(" ");
  const parsed = readTrainFlags(args);
  assert.ok("flags" in parsed);
  const events: RunEvent[] = [];
  return { job: await prepareJob(parsed.flags, args, (event) => events.push(event)), events };
}

/** Trains and returns what was said. */
async function train(line: string): Promise<RunEvent[]> {
  const { job: prepared, events } = await job(line);
  await trainJob(prepared);
  return events;
}

const texts = (events: readonly RunEvent[]) =>
  events.flatMap((e) => e.event === "note" || e.event === "warning" ? [e.text] : []);

const FLAGS = "--batch 4 --schedule constant --seed 5 --workers 1";
const MODEL = `--model mobilenetv3_small_100 --lr 1e-3 ${FLAGS}`;

deviceTest(
  "images grow during a run, which stops and goes on between their sizes to the same bits",
  async () => {
    await using folder = await temporaryFolder(await twoClasses());
    const dir = folder.path;
    const line =
      `--data ${dir}/data --validation 0.25 ${MODEL} --sizes 24:1,32 --epochs 3 --patience 9 ` +
      "--keep-best 2 --monitor loss";
    const events = await train(`${line} --run ${dir}/whole`);
    const plan = events.find((e) => e.event === "plan");
    assert.deepEqual([plan?.size, plan?.resize], [24, 28]);
    assert.deepEqual(texts(events).filter((text) => /pixels/.test(text)), [
      "From here on 32 × 32 pixels",
    ]);
    const scores = events.filter((e) => e.event === "epoch");
    const order = scores.toSorted((a, b) => a.loss - b.loss).map(({ epoch }) => epoch);
    const kept = (await tree(`${dir}/whole`)).filter((name) => /^epoch/.test(name));
    assert.deepEqual(kept, order.slice(0, 2).sort().map((n) => `epoch-${n}.safetensors`));

    await train(`${line} --run ${dir}/parts --until 1`);
    const read = (name: string) => readCheckpoint(denoFiles, `${dir}/${name}.safetensors`);
    const first = await read("parts/last");
    assert.deepEqual([first.epoch, first.size, first.resize], [1, 24, 28]);
    await train(`--resume ${dir}/parts`);
    const [whole, parts, best] = [
      await read("whole/last"),
      await read("parts/last"),
      await read("whole/best"),
    ];
    assert.deepEqual([whole.epoch, whole.size, whole.resize], [3, 32, 37]);
    assert.deepEqual([parts.weights, parts.optimizer], [whole.weights, whole.optimizer]);
    assert.equal(best.epoch, order[0]);
  },
);

deviceTest(
  "a dry run reads every image, warns of those in both parts, and leaves nothing",
  async () => {
    const files = await twoClasses();
    // Every image is there three times, so that some stand on both sides of any split.
    const thrice = Object.entries(files).slice(0, 6).flatMap(([name, bytes]) =>
      ["a", "b", "c"].map((copy) => [name.replace(".png", `${copy}.png`), bytes] as const)
    );
    await using folder = await temporaryFolder(Object.fromEntries(thrice));
    const line =
      `--data ${folder.path}/data --validation 0.34 --size 32 ${MODEL} --run ${folder.path}/run --dry-run`;
    const before = await tree(folder.path);
    const events = await train(line);
    assert.deepEqual(events.filter((e) => ["step", "epoch", "end"].includes(e.event)), []);
    assert.ok(events.some((e) => e.event === "plan" && e.dispatches > 50));
    assert.match(texts(events).join("\n"), /[1-6] of 6 validation images stand in training too/);
    assert.match(texts(events).join("\n"), /all 18 images can be used[^]*Dry run: /);

    await Deno.writeFile(`${folder.path}/data/red/broken.png`, new Uint8Array(99));
    await assert.rejects(
      train(line),
      (error) => error instanceof DataError && /broken\.png/.test(error.message),
    );
    await Deno.remove(`${folder.path}/data/red/broken.png`);
    assert.deepEqual(await tree(folder.path), before);
  },
);

deviceTest("--overfit 1 learns a batch by heart and leaves nothing", async () => {
  await using folder = await temporaryFolder(await twoClasses());
  const before = await tree(folder.path);
  const events = await train(
    `--data ${folder.path}/data --size 32 ${MODEL} --lr 3e-5 --drop 0.5 --label-smoothing 0.2 ` +
      `--run ${folder.path}/run --overfit 1`,
  );
  const [verdict] = texts(events).slice(-1);
  const [, loss, rounds] =
    /^Overfit: loss ([\d.]+) on 1 batch after (\d+) rounds: it can learn$/.exec(verdict!) ?? [];
  assert.ok(Number(loss) < 0.02 && Number(rounds) > 2, verdict);
  assert.deepEqual(await tree(folder.path), before);
});

deviceTest("lr-find searches with the images and the model of the run", async () => {
  await using folder = await temporaryFolder(await twoClasses());
  // A net whose loss falls evenly from its first steps.
  const line = `--data ${folder.path}/data --size 32 --model resnet18 ${FLAGS}`;
  const { job: prepared } = await job(line);
  const { curve, suggestion } = await searchRate(prepared, { from: 1e-6, to: 1, steps: 25 });
  assert.ok(curve.length > 8 && curve.length <= 25);
  assert.ok(suggestion !== undefined && suggestion > 1e-6 && suggestion < 0.5, `${suggestion}`);
  assert.deepEqual((await tree(folder.path)).filter((name) => !name.startsWith("data")), []);
});
