/** Tests of what a run says. */
import assert from "node:assert/strict";
import { IMAGENET_BILINEAR } from "../../models/pretrained.ts";
import type { PlanEvent, RunEvent } from "../../train/events.ts";
import { scoresOf } from "../../train/metrics.ts";
import { sheetOf } from "../../train/score_sheet.ts";
import { scoreLines } from "../../train/score_tables.ts";
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
  next: ["deno task serve runs/a"],
};
const EPOCH: RunEvent = {
  event: "epoch",
  ...{ epoch: 1, epochs: 2, step: 35, lr: 0.1, "train_loss": 0.7, "train_accuracy": 0.5 },
  ...scoresOf({ logits: [2, 0, 0, 1, 1, 0], labels: [0, 1, 1], classes: 2 }),
  ...{ best: true, "img_per_s": 8, waiting: 0, seconds: 61 },
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
  assert.ok(out.endsWith("Run folder: runs/a\nNext:\n  deno task serve runs/a\n"));
});

Deno.test("lineReporter() draws one table of epochs on a terminal, its head again after other lines", () => {
  const { out, err } = reported([STEP, EPOCH, STEP, EPOCH, WARNING, EPOCH, END], { columns: 80 });
  const settled = out.split("\r\x1b[2K").filter((text) => !text.startsWith("epoch 1/2"));
  const lines = settled.join("").split("\n");
  const head = lines[0]!;
  assert.match(head, /^epoch {2}training loss {2}accuracy .* time$/);
  const row =
    "    1         0.7000    50.0 %           0.5845    66.7 %  1.0000             1.0000   " +
    "1:01  best so far";
  assert.deepEqual(lines.slice(0, 5), [head, row, row, head, row]);
  assert.equal(err, "Warning: slow\n");
});

Deno.test("lineReporter() ends with a table of epochs where there is no terminal", () => {
  const { out } = reported([EPOCH, EPOCH, END], {});
  assert.ok(!out.includes("\r"));
  assert.match(out, /validation: loss 0\.5845, accuracy 66\.7 %, AUC 1\.0000 \(best so far\)/);
  assert.match(out, /\nepoch {2}training loss.*\n {4}1 .*\n {4}1 .*\n\nBest epoch 1: /);
});

Deno.test("textOf() ends a run with all that validation gave", () => {
  const made = { logits: [2, 0, 0, 1, 1, 0], labels: [0, 1, 1], classes: 2 };
  const validation = sheetOf(made, { classes: ["real", "fake"], seed: 0 });
  const text = textOf({ ...END, validation, report: "runs/a/report.html" });
  for (
    const part of [
      "Validation at epoch 1:\n",
      "AUC               1.0000 (95 %: 1.0000 to 1.0000)\n",
      "equal error rate  0.0 %\n",
      "class   images  precision   recall      F1     AUC\n",
      "1 fake       2    100.0 %   50.0 %  0.6667  1.0000\n",
      "true \\ called  0 real  1 fake\n",
      "1 fake              1       1\n",
      "best thresholds for class 1 (fake): 0.2689 by TPR − FPR, 0.2689 by F1\n",
      "Report: runs/a/report.html\n",
    ]
  ) assert.ok(text.includes(part), `${part} in\n${text}`);
  assert.doesNotMatch(text, /top-5/);
});

Deno.test("scoreLines() lists the worst of very many classes, and no pairs of them", () => {
  const n = 40;
  const logits = Float64Array.from(
    { length: n * n },
    (_, i) => i % (n + 1) === 0 && i > 99 ? 1 : 0,
  );
  const made = { logits, labels: Int32Array.from({ length: n }, (_, i) => i), classes: n };
  const sheet = sheetOf(made, { classes: Array.from({ length: n }, (_, k) => `c${k}`), seed: 0 });
  const lines = scoreLines(sheet);
  const head = lines.indexOf("the 30 of 40 classes with the lowest F1:");
  assert.ok(head > 0);
  assert.match(lines[head + 2]!, /^1 c1 +1 +0\.0 %/, "class 1 is taken for class 0");
  assert.equal(lines.length, head + 32);
  assert.match(lines.join("\n"), /top-5 accuracy {4}\d/);
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
    next: ["deno task serve runs/a"],
  });
  assert.match(
    err,
    /Warning: slow\n[^]*AUC undefined[^]*runs\/a\nNext:\n {2}deno task serve runs\/a\n$/,
  );
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
  precision: "f32",
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
