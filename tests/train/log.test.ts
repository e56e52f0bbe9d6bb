/** Tests of what a run says. */
import assert from "node:assert/strict";
import { IMAGENET_BILINEAR } from "../../models/pretrained.ts";
import type { PlanEvent, RunEvent } from "../../train/events.ts";
import { duration, lineReporter, textOf } from "../../train/log.ts";

const STEP: RunEvent = {
  event: "step",
  epoch: 1,
  epochs: 2,
  step: 3,
  steps: 35,
  loss: 0.6931,
  accuracy: 0.5,
  lr: 0.000123,
  "img_per_s": 98.76,
  waiting: 0.034,
  "eta_s": 3671,
};
const END: RunEvent = {
  event: "end",
  best: { epoch: 1, accuracy: 0.75, auc: NaN, loss: 0.5 },
  run: "runs/a",
  "img_per_s": 12,
};
const WARNING: RunEvent = { event: "warning", text: "slow" };

function reported(
  events: readonly RunEvent[],
  options: { json?: boolean; columns?: number },
): { out: string; err: string } {
  const text = { out: "", err: "" };
  const report = lineReporter({
    json: options.json ?? false,
    columns: options.columns,
    out: (more) => text.out += more,
    err: (more) => text.err += more,
  });
  for (const event of events) report(event);
  return text;
}

Deno.test("lineReporter() writes progress as lines where there is no terminal", () => {
  const { out, err } = reported([STEP, WARNING], {});
  assert.equal(
    out,
    "epoch 1/2  3/35 loss 0.6931 acc 50.0% lr 0.000123 98.8 img/s wait 3% ETA 1:01:11\n",
  );
  assert.equal(err, "Warning: slow\n");
});

Deno.test("lineReporter() overwrites progress on a terminal and never wraps it", () => {
  const { out } = reported([STEP, STEP, END], { columns: 20 });
  const progress = "\r\x1b[2Kepoch 1/2  3/35 los";
  assert.ok(out.startsWith(`${progress}${progress}\r\x1b[2K`));
  assert.ok(out.endsWith("Run folder: runs/a\n"));
});

Deno.test("lineReporter() with json writes an object a line on out and all text on err", () => {
  const { out, err } = reported([STEP, WARNING, END], { json: true });
  const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ event }) => event), ["step", "warning", "end"]);
  assert.deepEqual(lines[2], {
    event: "end",
    best: { epoch: 1, accuracy: 0.75, auc: null, loss: 0.5 },
    run: "runs/a",
    "img_per_s": 12,
  });
  assert.match(err, /Warning: slow\n[^]*AUC undefined[^]*runs\/a\n$/);
});

const PLAN: PlanEvent = {
  event: "plan",
  source: "faces",
  classes: [
    { name: "0", train: 9, validation: 3 },
    { name: "fake", train: 8, validation: 2 },
  ],
  adapter: "some GPU",
  software: false,
  model: "resnet18",
  parameters: 11177538,
  trained: 11177538,
  frozen: [],
  "frozen_norm": false,
  recompute: false,
  size: 64,
  resize: 73,
  preprocessing: IMAGENET_BILINEAR,
  batch: 4,
  epochs: 2,
  steps: 4,
  dropped: 1,
  optimizer: "adam",
  schedule: "learning rate 0.1",
  augment: "none (Resize, CenterCrop)",
  seed: 7,
  dispatches: 200,
  "bytes_per_image": 3e7,
  "buffer_bytes": 2.5e8,
  "kept_bytes": 5e7,
  run: "runs/a",
};

Deno.test("textOf() says counts per class, model, adapter and plan before the first step", () => {
  const text = textOf(PLAN);
  assert.doesNotMatch(text, /frozen|trained|again/);
  for (
    const part of [
      "17 images: 9 of class 0, 8 of class 1 (fake)",
      "5 images: 3 of class 0, 2 of class 1 (fake)",
      "some GPU",
      "resnet18, 11.2 M parameters, 64 × 64 pixels (cut from 73)",
      "bilinear, minus 0.485 0.456 0.406, divided by 0.229 0.224 0.225",
      "epochs: 2, each 4 steps of 4 images",
      "(1 images) is dropped",
      "200 dispatches a step, 30.0 MB moved an image, 250.0 MB of buffers, 50.0 MB kept for the backward pass",
      "adam, learning rate 0.1, seed 7",
      "runs/a",
    ]
  ) assert.ok(text.includes(part), `${part} in\n${text}`);
});

Deno.test("textOf() says what of the model is trained, and how", () => {
  const text = textOf({
    ...PLAN,
    trained: 10494466,
    frozen: ["conv1", "layer1", "layer2"],
    "frozen_norm": true,
    recompute: true,
  });
  assert.match(
    text,
    /tuning {5}frozen: conv1 to layer2, 3 stages; trained: 10\.5 M of 11\.2 M parameters\n/,
  );
  assert.match(text, /\n {11}frozen norms: /);
  assert.match(text, /\n {11}blocks are computed again in the backward pass\n/);
  const one = textOf({ ...PLAN, trained: 1026, frozen: ["conv1"] });
  assert.match(one, /frozen: conv1, 1 stage; trained: 1026 of 11\.2 M parameters\n/);
});

Deno.test("duration() rounds to seconds", () => {
  assert.deepEqual([0, 59.6, 3600, NaN].map(duration), ["0:00", "1:00", "1:00:00", "?"]);
});
