/** Tests of the run folder on real files. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { IMAGENET_BILINEAR } from "../../models/pretrained.ts";
import { fromFloats } from "../../models/safetensors.ts";
import { type Checkpoint, CheckpointError, readCheckpoint } from "../../train/checkpoint.ts";
import type { EpochEvent } from "../../train/events.ts";
import { defaultFolder, RunFolder, RunFolderError } from "../../train/run_folder.ts";
import { temporaryFolder } from "../data/fixtures.ts";

function epoch(number: number, best: boolean): EpochEvent {
  return {
    event: "epoch",
    epoch: number,
    epochs: 9,
    step: 5 * number,
    lr: 0.5,
    "train_loss": 0.25,
    "train_accuracy": 0.75,
    loss: 1 / number,
    accuracy: 0.5,
    top5: 1,
    auc: number === 2 ? NaN : 0.625,
    "average_precision": 0.75,
    "log_loss": 1 / number,
    brier: 0.25,
    f1: 0.5,
    mcc: 0,
    "balanced_accuracy": 0.5,
    eer: 0.375,
    ece: 0.125,
    best,
    "img_per_s": 8,
    waiting: 0,
    seconds: 2,
  };
}

function checkpoint(number: number): Checkpoint {
  const weight = fromFloats([2], Float32Array.of(number, -number));
  return {
    model: "resnet18",
    classes: ["0", "1"],
    size: 64,
    resize: 73,
    preprocessing: IMAGENET_BILINEAR,
    epoch: number,
    step: 5 * number,
    seed: 0,
    best: { epoch: 1, accuracy: 0.5, auc: 0.625, loss: 1 },
    configuration: { lr: 0.5 },
    weights: new Map([["fc.bias", weight]]),
    optimizer: new Map([["fc.bias.moment", weight]]),
  };
}

Deno.test("RunFolder keeps the best and the last epoch, and a row for each", async () => {
  await using dir = await temporaryFolder();
  const path = `${dir.path}/runs/a`;
  const folder = await RunFolder.create(denoFiles, path, { lr: 0.5 });
  await folder.save(epoch(1, true), checkpoint(1));
  await folder.save(epoch(2, false), checkpoint(2));
  await folder.discardUnfinished();
  assert.deepEqual(JSON.parse(await Deno.readTextFile(`${path}/config.json`)), { lr: 0.5 });
  assert.equal(
    await Deno.readTextFile(`${path}/metrics.csv`),
    "epoch,step,lr,train_loss,train_accuracy,loss,accuracy,top5,auc,average_precision,log_loss," +
      "brier,f1,mcc,balanced_accuracy,eer,ece,img_per_s,waiting,seconds,best\n" +
      "1,5,0.5,0.25,0.75,1,0.5,1,0.625,0.75,1,0.25,0.5,0,0.5,0.375,0.125,8,0,2,1\n" +
      "2,10,0.5,0.25,0.75,0.5,0.5,1,,0.75,0.5,0.25,0.5,0,0.5,0.375,0.125,8,0,2,0\n",
  );
  const best = await readCheckpoint(denoFiles, `${path}/best.safetensors`);
  const last = await readCheckpoint(denoFiles, `${path}/last.safetensors`);
  assert.deepEqual([best.epoch, best.optimizer], [1, undefined]);
  assert.deepEqual([last.epoch, last.optimizer?.size], [2, 1]);
  assert.deepEqual(
    (await denoFiles.list(path)).map(({ name }) => name.replace(/\..*/, "")),
    ["best", "config", "last", "metrics", "previous"],
  );
});

Deno.test("RunFolder.open() forgets metrics that are newer than the last checkpoint", async () => {
  await using dir = await temporaryFolder();
  const folder = await RunFolder.create(denoFiles, `${dir.path}/a`, {});
  await folder.save(epoch(1, true), checkpoint(1));
  await Deno.writeTextFile(`${dir.path}/a/metrics.csv`, "2,10,half a row", { append: true });
  const opened = await RunFolder.open(denoFiles, `${dir.path}/a`);
  assert.equal(opened.checkpoint.epoch, 1);
  await opened.folder.save(epoch(2, false), checkpoint(2));
  const rows = (await Deno.readTextFile(`${dir.path}/a/metrics.csv`)).trimEnd().split("\n");
  assert.deepEqual(rows.map((row) => row.split(",")[0]), ["epoch", "1", "2"]);
  assert.equal(rows[2]?.split(",").length, 21);
});

Deno.test("a run that was moved goes on where it is: nothing in it names its place", async () => {
  await using dir = await temporaryFolder();
  const folder = await RunFolder.create(denoFiles, `${dir.path}/before`, {});
  await folder.save(epoch(1, true), checkpoint(1));
  await Deno.rename(`${dir.path}/before`, `${dir.path}/after`);
  const opened = await RunFolder.open(denoFiles, `${dir.path}/after`);
  await opened.folder.save(epoch(2, true), checkpoint(2));
  const best = await readCheckpoint(denoFiles, `${dir.path}/after/best.safetensors`);
  assert.deepEqual([best.epoch, await denoFiles.kind(`${dir.path}/before`)], [2, "none"]);
});

Deno.test("RunFolder.create() refuses a folder with anything in it, and a file", async () => {
  await using dir = await temporaryFolder({ "a/notes.txt": "mine", "b": "a file" });
  for (const name of ["a", "b"]) {
    await assert.rejects(
      RunFolder.create(denoFiles, `${dir.path}/${name}`, {}),
      (error) => error instanceof RunFolderError && error.message.includes(`${dir.path}/${name}`),
    );
  }
  assert.equal(await Deno.readTextFile(`${dir.path}/a/notes.txt`), "mine");
});

Deno.test("RunFolder leaves nothing when no epoch was finished, and keeps what it found", async () => {
  await using dir = await temporaryFolder({ "mine/": "" });
  for (const name of ["new", "mine"]) {
    const folder = await RunFolder.create(denoFiles, `${dir.path}/${name}`, {});
    await folder.discardUnfinished();
    await assert.rejects(RunFolder.open(denoFiles, `${dir.path}/${name}`), CheckpointError);
  }
  assert.deepEqual((await denoFiles.list(dir.path)).map(({ name }) => name), ["mine"]);
  assert.deepEqual(await denoFiles.list(`${dir.path}/mine`), []);
});

Deno.test("RunFolder.open() never discards the run it opened", async () => {
  await using dir = await temporaryFolder();
  const folder = await RunFolder.create(denoFiles, `${dir.path}/a`, {});
  await folder.save(epoch(1, true), checkpoint(1));
  await Deno.remove(`${dir.path}/a/metrics.csv`);
  const opened = await RunFolder.open(denoFiles, `${dir.path}/a`);
  await opened.folder.discardUnfinished();
  assert.equal((await denoFiles.list(`${dir.path}/a`)).length, 3);
});

Deno.test("defaultFolder() has date, time and name, and takes no path for a name", () => {
  assert.equal(defaultFolder("b0", new Date(2026, 10, 4, 9, 5, 7)), "runs/2026-11-04T09-05-07-b0");
  for (const name of ["", "../b0", ".b0", "a\\b"]) {
    assert.throws(() => defaultFolder(name), RunFolderError);
  }
});

Deno.test("RunFolder keeps the best epochs by a score, across a resumption, and no others", async () => {
  await using dir = await temporaryFolder();
  const path = `${dir.path}/run`;
  const kept = async () =>
    (await denoFiles.list(path)).map(({ name }) => name).filter((name) => /^epoch/.test(name));
  const keep = { keepBest: 2, monitor: "ece" } as const;
  let folder = await RunFolder.create(denoFiles, path, {});
  const eces = [0.3, 0.1, 0.4, 0.2, 0.5];
  const found: string[][] = [];
  for (const [i, ece] of eces.entries()) {
    await folder.save({ ...epoch(i + 1, i === 1), ece }, checkpoint(i + 1), keep);
    found.push(await kept());
    if (i === 2) ({ folder } = await RunFolder.open(denoFiles, path));
  }
  const names = (...epochs: number[]) => epochs.map((n) => `epoch-${n}.safetensors`);
  assert.deepEqual(found, [names(1), names(1, 2), names(1, 2), names(2, 4), names(2, 4)]);
  const second = await readCheckpoint(denoFiles, `${path}/epoch-4.safetensors`);
  assert.deepEqual([second.epoch, second.optimizer], [4, undefined]);
  assert.deepEqual(folder.scores().map(({ ece }) => ece), eces);
});
