/** Tests of what a run says. */
import assert from "node:assert/strict";
import type { RunEvent } from "../../train/events.ts";
import { duration, lineReporter } from "../../train/log.ts";

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
    "epoch 1/2  step  3/35  loss 0.6931  accuracy 50.0 %  lr 0.000123  98.8 img/s  " +
      "waiting for data 3.4 %  ETA 1:01:11\n",
  );
  assert.equal(err, "Warning: slow\n");
});

Deno.test("lineReporter() overwrites progress on a terminal and never wraps it", () => {
  const { out } = reported([STEP, STEP, END], { columns: 20 });
  const progress = "\r\x1b[2Kepoch 1/2  step  3/";
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

Deno.test("duration() rounds to seconds", () => {
  assert.deepEqual([0, 59.6, 3600, NaN].map(duration), ["0:00", "1:00", "1:00:00", "?"]);
});
