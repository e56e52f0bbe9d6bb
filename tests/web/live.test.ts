/** What the page makes of what a run says: points of curves, the share done, steps that are gone over again. */

import assert from "node:assert/strict";
import type { RunEvent } from "../../mod.ts";
import { LiveRun } from "../../web/live.ts";

function step(epoch: number, step: number, loss: number): RunEvent {
  return {
    ...{ event: "step", epoch, epochs: 2, step, steps: 4, loss, accuracy: 0.5, lr: 1e-3 },
    ...{ "img_per_s": 10, waiting: 0, "eta_s": 3 },
  };
}

function epoch(number: number, auc: number): RunEvent {
  // The page reads these numbers of an epoch, and no others.
  const row = { epoch: number, loss: 0.6, accuracy: 0.7, auc, lr: 1e-3 };
  return { event: "epoch", epochs: 2, step: 4 * number, ...row } as unknown as RunEvent;
}

Deno.test("losses of steps and of epochs share one axis, in epochs", () => {
  const run = new LiveRun();
  for (const event of [step(1, 2, 0.9), step(1, 4, 0.8), epoch(1, 0.7), step(2, 2, 0.5)]) {
    run.hear(event);
  }
  assert.deepEqual(run.losses(), { x: [0.5, 1, 1.5], y: [[0.9, 0.8, 0.5], [null, 0.6, null]] });
  assert.deepEqual(run.accuracies().y.at(-1), [null, 0.7, null]);
  assert.deepEqual(run.rates(), { x: [0.5, 1, 1.5], y: [[1e-3, 1e-3, 1e-3]] });
  assert.deepEqual([run.share, run.best, run.total], [0.75, 0.7, 2]);
});

Deno.test("a run that goes back to its last save replaces what it says again", () => {
  const run = new LiveRun();
  for (const event of [step(1, 4, 0.8), epoch(1, 0.7), step(2, 2, 0.5), step(2, 4, 0.4)]) {
    run.hear(event);
  }
  run.hear(step(2, 2, 0.5));
  assert.deepEqual(run.losses().x, [1, 1.5]);
  assert.equal(run.epochs.length, 1);
  run.hear(step(1, 4, 0.8));
  assert.deepEqual([run.losses().x, run.epochs.length], [[1], 0]);
});

Deno.test("a NaN is a gap, and long runs keep every other reading", () => {
  const run = new LiveRun();
  run.hear(epoch(1, NaN));
  assert.deepEqual(run.accuracies().y.at(-1), [null]);
  assert.equal(run.best, undefined);
  for (let i = 1; i <= 5000; i++) {
    run.hear({ ...step(1, i, 1), steps: 5000, epoch: 2 } as RunEvent);
  }
  const { x } = run.rates();
  assert.ok(x.length <= 2000 && x.length > 900, `${x.length} points`);
  assert.equal(x.at(-1), 2);
});

Deno.test("a saved run has its points where they were, those of a broken epoch too", () => {
  const steps = [2, 4, 6].map((step) => ({
    ...{ epoch: Math.ceil(step / 4), step, loss: step, accuracy: 0.5, lr: 1e-3 },
  }));
  const run = LiveRun.of({ epochs: [{ epoch: 1, loss: 0.6, accuracy: 0.7, auc: 0.8 }], steps });
  assert.deepEqual(run.losses(), { x: [0.5, 1, 1.5], y: [[2, 4, 6], [null, 0.6, null]] });
  assert.equal(LiveRun.of({ epochs: [], steps: [] }).losses().x.length, 0);
});
