/** Runs that diverge: back to the last checkpoint and on at half the rate, once; then they end, and keep it. */

import { strict as assert } from "node:assert";
import { failureOf } from "../../cli/errors.ts";
import { denoFiles as files } from "../../cli/files.ts";
import { prepareJob } from "../../cli/job.ts";
import { trainJob } from "../../cli/train.ts";
import { readTrainFlags } from "../../cli/train_flags.ts";
import { constant } from "../../engine/optim/schedules.ts";
import { slowed } from "../../engine/optim/compose.ts";
import { plateau } from "../../engine/optim/plateau.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import { DivergedError } from "../../train/epoch.ts";
import type { RunEvent } from "../../train/events.ts";
import type { Asked } from "../../train/fit.ts";
import { scheduleOf } from "../../train/recipe/schedule.ts";
import { Session } from "../../train/session.ts";
import { twoClasses } from "../cli/two_classes.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";

// What the machine has downloaded is no part of these tests.
Deno.env.set("HF_HOME", "/nowhere");

deviceTest(
  "a run goes back once after three bad batches in a row, and ends the next time",
  async () => {
    await using folder = await temporaryFolder(await twoClasses());
    const run = `${folder.path}/run`;
    const args =
      "--model mobilenetv3_small_100 --size 32 --batch 4 --workers 1 --epochs 5 --lr 1e-3 " +
      `--schedule constant --log-every 1 --validation 0.25 --data ${folder.path}/data --run ${run}`;
    const parsed = readTrainFlags(args.split(" "));
    assert.ok("flags" in parsed);
    const events: RunEvent[] = [];
    // Batches with these numbers, as they are loaded, have targets that are not finite: four steps make an epoch. At
    // batch 7 the run goes back to where it was saved before that, so batch 8 is its step 8.
    const poisoned = [2, 5, 6, 7, 8, 14, 15, 16];
    let loaded = 0;
    // Saved after every step.
    const listen = () => ({
      ask: ({ after }: Asked) => after === "step" ? "save" as const : "go on" as const,
      exitCode: () => undefined,
      close: () => {},
    });
    const { step } = Session.prototype;
    Session.prototype.step = function (examples, rates) {
      const bad = poisoned.includes(loaded++);
      const targets = new Float32Array(2 * examples.labels.length).fill(NaN);
      step.call(this, bad ? { ...examples, targets } : examples, rates);
    };
    const job = await prepareJob(parsed.flags, args.split(" "), (event) => events.push(event));
    try {
      await assert.rejects(trainJob(job, { listen }), (error) => {
        assert.ok(error instanceof DivergedError);
        const { code, message } = failureOf(error);
        assert.equal(code, 6);
        assert.match(
          message,
          /3 steps in a row were not finite by step 4 of epoch 4, .*safetensors" has/,
        );
        assert.match(message, /has the run as it was after step 15$/);
        return true;
      });
    } finally {
      Session.prototype.step = step;
    }
    const said = events.flatMap((e) => e.event === "note" || e.event === "warning" ? [e.text] : []);
    assert.ok(said.includes("1 of 1 steps changed nothing: loss or gradients were not finite"));
    const back = said.filter((text) => / goes on from step /.test(text));
    assert.equal(back.length, 1);
    assert.match(
      back[0]!,
      /^Cannot go on .* 3 steps in a row .* step 4 of epoch 2.* from step 7, at half/,
    );
    const rates = new Map(events.flatMap((e) => e.event === "step" ? [[e.epoch, e.lr]] : []));
    assert.deepEqual([...rates], [[1, 1e-3], [2, 1e-3], [3, 5e-4], [4, 5e-4]]);

    const { epoch, schedule } = await readCheckpoint(files, `${run}/last.safetensors`);
    assert.deepEqual([epoch, schedule], [3, { slowed: 0.5 }]);
    const rows = (await Deno.readTextFile(`${run}/steps.csv`)).trimEnd().split("\n").slice(1)
      .map((row) => row.split(",").map(Number));
    const steps = rows.map(([, number]) => number!);
    assert.deepEqual(steps, [...new Set(steps)].sort((a, b) => a - b), "no step is there twice");
    assert.ok(rows.every(([, , loss]) => Number.isFinite(loss)));
  },
);

Deno.test("a slower schedule stays slower when a run goes on, and hears what it did", () => {
  const flags = {
    ...{ lr: 1, schedule: "constant", stepEvery: 4, minLr: 0, cycles: 1, cycleStretch: 1 },
    ...{ cycleDecay: 1, exponent: 1, rise: 0.3, plateauPatience: 0, warmup: 0, epochs: 9 },
    ...{ optimizer: "sgd" },
  } as unknown as Parameters<typeof scheduleOf>[0];
  const at = (state?: Record<string, number>, schedule = "constant") =>
    scheduleOf({ ...flags, schedule } as typeof flags, {
      stepsPerEpoch: 4,
      ...(state && { state }),
    });
  assert.equal(at().learningRate(3, 0), 1);
  assert.equal(at().state, undefined);
  assert.equal(at({ slowed: 0.5 }).learningRate(3, 0), 0.5);
  const listening = at({ slowed: 0.5 }, "plateau");
  for (const loss of [1, 2, 2]) listening.observe!(loss);
  const state = listening.state!();
  assert.deepEqual([state.slowed, state.rate], [0.5, 0.1 * 0.1]);
  const next = at(state, "plateau");
  assert.equal(next.learningRate(5, 0), 0.5 * 0.1 * 0.1);
  assert.deepEqual(next.state!(), state);
  assert.equal(slowed(constant(3), 0.5).beta1, undefined);
  assert.equal(typeof slowed(plateau(3), 0.5).observe, "function");
});
