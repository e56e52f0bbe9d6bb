/** Tests of what a run leaves beside checkpoints, on real files. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { DataError } from "../../data/errors.ts";
import type { RunEvent } from "../../train/events.ts";
import { formatOutputs, parseOutputs, RunRecord, wholeRows } from "../../train/run_record.ts";
import { temporaryFolder } from "../data/fixtures.ts";

function step(epoch: number, step: number): RunEvent {
  return {
    event: "step",
    ...{ epoch, epochs: 2, step, steps: 10, loss: 0.1 + 0.2, accuracy: 0.5, lr: 1e-3 },
    ...{ "img_per_s": 81.2345, waiting: 0.03456, "eta_s": 1 },
  };
}

Deno.test("RunRecord appends steps and lines in order, progress left out", async () => {
  await using folder = await temporaryFolder();
  const record = await RunRecord.open(denoFiles, folder.path);
  record.report({ event: "note", text: "two\nlines" });
  record.report(step(1, 5));
  record.report({ event: "progress", done: 1, total: 2, "img_per_s": 1, "eta_s": 1 });
  record.report(step(2, 5));
  record.report({ event: "warning", text: "slow" });
  await record.flush();
  assert.equal(
    await Deno.readTextFile(`${folder.path}/steps.csv`),
    "epoch,step,loss,accuracy,lr,img_per_s,waiting\n" +
      "1,5,0.30000000000000004,0.5,0.001,81.23,0.0346\n" +
      "2,15,0.30000000000000004,0.5,0.001,81.23,0.0346\n",
  );
  const log = await Deno.readTextFile(`${folder.path}/train.log`);
  assert.match(log, /^[\d-]+T[\d:]{8} two\n[\d-]+T[\d:]{8} lines\n\S+ Warning: slow\n$/);
});

Deno.test("RunRecord goes on after a kill: half a row and steps that were undone are forgotten", async () => {
  await using folder = await temporaryFolder();
  const record = await RunRecord.open(denoFiles, folder.path);
  for (const event of [step(1, 5), step(1, 10), step(2, 5)]) record.report(event);
  await record.flush();
  await Deno.writeTextFile(`${folder.path}/steps.csv`, "2,20,0.3", { append: true });
  const again = await RunRecord.open(denoFiles, folder.path, { step: 10 });
  again.report(step(2, 5));
  await again.flush();
  const rows = wholeRows(await Deno.readTextFile(`${folder.path}/steps.csv`));
  assert.deepEqual(rows.map((row) => row[1]), ["5", "10", "15"]);
});

Deno.test("RunRecord.flush() throws what the file system said", async () => {
  await using folder = await temporaryFolder();
  const record = await RunRecord.open(denoFiles, folder.path);
  await Deno.mkdir(`${folder.path}/train.log`);
  record.report({ event: "note", text: "lost" });
  await assert.rejects(record.flush(), /train\.log|directory/);
});

Deno.test("a table that is no validation.csv is refused by its name", () => {
  for (const text of ["", "img_name,path,label\n", "img_name,target\na.jpg,1\n"]) {
    assert.throws(
      () => parseOutputs(text, "runs/a/validation.csv"),
      (error) =>
        error instanceof DataError &&
        /^Cannot read runs\/a\/validation\.csv: .*logit_0/.test(error.message),
    );
  }
});

Deno.test("validation.csv gives names, labels and outputs back bit for bit", async () => {
  const samples = ["a,b.jpg", '"<img src=x>".png'].map((name, label) => ({
    ...{ name, path: `/data/${name}`, label },
  }));
  const logits = Float32Array.of(0.1, -1e-30, 1 / 3, 16777217, NaN, -0.7);
  const outputs = { samples, logits, labels: Int32Array.of(0, 1), classes: 3 };
  const back = parseOutputs(formatOutputs(outputs), "validation.csv");
  assert.deepEqual(back, outputs);
  await using folder = await temporaryFolder();
  const record = await RunRecord.open(denoFiles, folder.path);
  const many = { logits: new Float32Array(5e6), labels: new Int32Array(5e3), classes: 1000 };
  assert.equal(await record.keepOutputs([], many), false);
});
