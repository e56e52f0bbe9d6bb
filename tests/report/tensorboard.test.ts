/** Event files against TensorBoard itself, where Python has it, and record by record. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { crc32c } from "../../models/crc32.ts";
import { Board } from "../../report/tensorboard/board.ts";
import type { EpochEvent, StepEvent } from "../../train/events.ts";
import { scoresOf } from "../../train/metrics.ts";
import { smooth, temporaryFolder } from "../data/fixtures.ts";
import { hasPackage, python } from "../python.ts";

const hasTensorBoard = await hasPackage("tensorboard");

/** Reads a folder of events as TensorBoard does and prints what it found. */
const READER = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.pr_curve import metadata
from tensorboard.util import tensor_util
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "tensors": 0})
events.Reload()
tags = events.Tags()
curves = events.PluginTagToContent("pr_curves")
print(json.dumps({
  "version": events.file_version,
  "scalars": {t: [[e.step, e.value] for e in events.Scalars(t)] for t in tags["scalars"]},
  "images": {t: [[e.step, e.width, e.height, len(e.encoded_image_string)] for e in events.Images(t)]
             for t in tags["images"]},
  "curves": {t: [metadata.parse_plugin_metadata(c).num_thresholds,
                 tensor_util.make_ndarray(events.Tensors(t)[-1].tensor_proto).tolist()]
             for t, c in curves.items()},
}))
`;

interface Found {
  readonly version: number;
  readonly scalars: Readonly<Record<string, readonly (readonly [step: number, value: number])[]>>;
  readonly images: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly curves: Readonly<Record<string, readonly [number, readonly (readonly number[])[]]>>;
}

function step(step: number, loss: number): StepEvent {
  return {
    event: "step",
    ...{ epoch: 1, epochs: 2, step, steps: 4, loss, accuracy: 0.5, lr: 0.25 },
    ...{ "img_per_s": 8, waiting: 0, "eta_s": 1 },
  };
}

const OUTPUTS = {
  logits: Float32Array.of(2, 0, 0, 1, 1, 0, 0, 3),
  labels: Int32Array.of(0, 1, 1, 1),
  classes: 2,
};

const EPOCH: EpochEvent = {
  event: "epoch",
  ...{ epoch: 1, epochs: 2, step: 4, lr: 0.25, "train_loss": 0.75, "train_accuracy": 0.5 },
  ...scoresOf(OUTPUTS),
  ...{ best: true, "img_per_s": 8, waiting: 0, seconds: 1 },
};

Deno.test({
  name: hasTensorBoard
    ? "TensorBoard reads scalars, pictures and curves of a run, and forgets steps that were undone"
    : "TensorBoard reads what a run wrote (skipped: Python has no tensorboard)",
  ignore: !hasTensorBoard,
  async fn() {
    await using folder = await temporaryFolder();
    const stopped = await Board.open(denoFiles, folder.path, { now: 1_700_000_000_000 });
    for (const event of [step(2, 0.5), step(4, 0.25), EPOCH]) await stopped.add(event);
    await stopped.add({ ...step(2, 9), epoch: 2 });
    const resumed = await Board.open(denoFiles, folder.path, { step: 5, now: 1_700_000_001_000 });
    await resumed.add({ ...step(2, 0.125), epoch: 2 });
    await resumed.addCurves(OUTPUTS, { classes: ["real", "<b>fake"], step: 4 });
    await resumed.addImage(smooth(20, 16, 1), { group: "most wrong", name: "é/<b>.png", step: 4 });

    const { success, out, err } = await python("-c", READER, folder.path);
    assert.ok(success, err);
    const found: Found = JSON.parse(out);
    assert.equal(found.version, 2);
    assert.deepEqual(found.scalars["training/loss"], [[2, 0.5], [4, 0.25], [6, 0.125]]);
    assert.deepEqual(found.scalars["training/learning_rate"]?.at(-1), [6, 0.25]);
    assert.deepEqual(found.scalars["validation/auc"], [[4, 1]]);
    assert.deepEqual(found.scalars["epoch/training_loss"], [[4, 0.75]]);
    const [image] = found.images["most wrong/é_b_.png"]!;
    assert.deepEqual(image!.slice(0, 3), [4, 20, 16]);
    assert.ok(image![3]! > 100);
    const [thresholds, rows] = found.curves["validation/1 _b_fake"]!;
    const [hits, alarms, rejected, missed, precision, recall] = rows.map((row) => (i: number) =>
      row[i]!
    );
    assert.deepEqual([thresholds, rows.length, rows[0]!.length], [127, 6, 127]);
    const at = (i: number) =>
      [hits, alarms, rejected, missed, precision, recall].map((of) => of!(i));
    assert.deepEqual(at(0), [3, 1, 0, 0, 0.75, 1], "everything is called so from 0 on");
    // exp(3) / (1 + exp(3)) = 0.953 and exp(1) / (1 + exp(1)) = 0.731 are above one half.
    assert.deepEqual(at(63).map((x) => +x.toFixed(4)), [2, 0, 1, 1, 1, 0.6667]);
    assert.deepEqual(at(126), [0, 0, 1, 3, 0, 0]);
  },
});

Deno.test("an event file holds whole records: length, masked checksum, event, masked checksum", async () => {
  await using folder = await temporaryFolder();
  const board = await Board.open(denoFiles, folder.path);
  await board.add(EPOCH);
  const [{ name } = { name: "" }] = await denoFiles.list(folder.path);
  assert.match(name, /^events\.out\.tfevents\.\d{10}\.verity\.\d{3}$/);
  const bytes = await denoFiles.read(`${folder.path}/${name}`);
  const view = new DataView(bytes.buffer);
  const unmasked = (at: number) => {
    const turned = (view.getUint32(at, true) - 0xa282ead8) >>> 0;
    return ((turned << 15) | (turned >>> 17)) >>> 0;
  };
  let records = 0;
  for (let at = 0; at < bytes.length; records++) {
    const length = Number(view.getBigUint64(at, true));
    assert.equal(unmasked(at + 8), crc32c(bytes.subarray(at, at + 8)));
    assert.equal(unmasked(at + 12 + length), crc32c(bytes.subarray(at + 12, at + 12 + length)));
    at += 16 + length;
  }
  assert.equal(records, 3, "version, start of the session, an epoch");
});
