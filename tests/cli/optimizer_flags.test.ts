/** The flags of optimizer, schedule and averages: what they stand for, and which of them do not go together. */

import assert from "node:assert/strict";
import { describeRecipe } from "../../train/recipe/describe.ts";
import { UsageError } from "../../cli/errors.ts";
import { scheduleOf } from "../../train/recipe/schedule.ts";
import { sessionOptions } from "../../train/recipe/recipe.ts";
import { readTrainFlags, type TrainFlags } from "../../cli/train_flags.ts";
import { createOptimizer, optimizerNames } from "../../engine/optim/mod.ts";

const flagsOf = (...args: string[]) => {
  const read = readTrainFlags(["--data", "a", "--epochs", "10", "--recipe", "reference", ...args]);
  assert.ok("flags" in read);
  return { ...{ size: 32, resize: 32 }, ...read.flags } as TrainFlags;
};
const optionsOf = (...args: string[]) => sessionOptions(flagsOf(...args), [60, 40]);
const ratesOf = (stepsPerEpoch: number, ...args: string[]) => {
  const schedule = scheduleOf(flagsOf("--lr", "1", ...args), { stepsPerEpoch });
  return (epoch: number, step = 0) => schedule.learningRate(epoch, step);
};

Deno.test("every optimizer of the flags can be made as it stands", () => {
  for (const name of optimizerNames) {
    const { optimizer, decayAll } = optionsOf("--optimizer", name, "--weight-decay", "0.1");
    assert.equal(optimizer.weightDecay, 0.1);
    assert.equal(decayAll, undefined);
    createOptimizer(optimizer);
  }
  assert.equal(optionsOf("--optimizer", "adamw", "--decay-on", "all").decayAll, true);
  assert.equal(optionsOf("--optimizer", "sgd", "--decay-on", "weights").decayAll, false);
});

Deno.test("flags of the optimizer reach it, with timm's momentum where none is given", () => {
  assert.equal(optionsOf("--optimizer", "rmsprop-tf").optimizer.momentum, 0.9);
  assert.equal(optionsOf("--optimizer", "sgd", "--momentum", "0").optimizer.momentum, 0);
  assert.equal(optionsOf("--optimizer", "adamw").optimizer.momentum, undefined);
  const { beta1, beta2, epsilon } =
    optionsOf("--beta1", "0.8", "--beta2", "0.95", "--epsilon", "1e-6", "--optimizer", "lamb")
      .optimizer;
  assert.deepEqual([beta1, beta2, epsilon], [0.8, 0.95, 1e-6]);
  // 100 images make 3 steps of 32.
  const free = optionsOf("--optimizer", "schedule-free", "--warmup", "2");
  assert.equal(free.optimizer.warmupSteps, 6);
  assert.equal(flagsOf("--optimizer", "schedule-free").schedule, "constant");
});

Deno.test("flags of averages and clipping reach the session", () => {
  assert.deepEqual(optionsOf("--ema", "0.99").average, { decay: 0.99, warmup: true });
  assert.deepEqual(optionsOf("--ema", "0.99", "--ema-constant").average, {
    ...{ decay: 0.99, warmup: false },
  });
  assert.equal(optionsOf().average, undefined);
  const { accumulate, clipNorm, clipValue, clipUnits } = optionsOf(
    ...["--accumulate", "4", "--clip-norm", "1", "--clip-value", "2", "--clip-units", "0.01"],
  );
  assert.deepEqual([accumulate, clipNorm, clipValue, clipUnits], [4, 1, 2, 0.01]);
});

Deno.test("flags of the loss reach the session", () => {
  const bce = optionsOf("--loss", "bce", "--bce-sum", "--bce-threshold", "0.2");
  assert.deepEqual([bce.loss, bce.sumClasses, bce.threshold], ["bce", true, 0.2]);
  const focal = optionsOf("--loss", "focal", "--focus", "1", "--class-weights", "auto");
  assert.deepEqual([focal.loss, focal.focus], ["focal", 1]);
  assert.deepEqual(focal.classWeights, [100 / 120, 100 / 80]);
});

Deno.test("schedules of the flags end with the run and begin with the warm-up", () => {
  const cosine = ratesOf(4, "--schedule", "cosine", "--min-lr", "0.1", "--warmup", "2");
  assert.equal(cosine(0), 0.01);
  assert.ok(Math.abs(cosine(1) - 0.505) < 1e-12);
  assert.ok(Math.abs(cosine(5) - 0.55) < 1e-12);
  assert.ok(cosine(9, 3) > 0.1 && cosine(9, 3) < cosine(9, 2));
  const cycles = ratesOf(1, "--schedule", "cosine", "--cycles", "2", "--cycle-stretch", "4");
  assert.ok(Math.abs(cycles(1) - 0.5) < 1e-12 && cycles(2) === 1 && cycles(9) > 0);
  const line = ratesOf(2, "--schedule", "linear");
  assert.deepEqual([line(0), line(5), line(9, 1)], [1, 0.5, 1 - 0.95]);
  const falls = ratesOf(1, "--schedule", "multi-step", "--milestones", "3,7");
  assert.deepEqual([2, 3, 7].map((e) => falls(e).toPrecision(3)), ["1.00", "0.100", "0.0100"]);
  assert.equal(ratesOf(1, "--schedule", "step", "--gamma", "0.5")(4), 0.5);
  assert.equal(ratesOf(1, "--schedule", "exponential")(1), 0.9);
  assert.equal(ratesOf(1, "--schedule", "polynomial")(5), 0.25);
  const average = ratesOf(2, "--schedule", "constant", "--swa", "3", "--swa-lr", "0.05");
  assert.deepEqual([average(6, 1), average(7), average(9)], [1, 0.05, 0.05]);
  assert.ok(ratesOf(10, "--schedule", "one-cycle", "--rise", "0.5")(4, 9) === 1);
});

Deno.test("a plateau of the flags goes on from its state", () => {
  const flags = flagsOf("--schedule", "plateau", "--plateau-patience", "0", "--lr", "1");
  const schedule = scheduleOf(flags, { stepsPerEpoch: 3 });
  schedule.observe!(1);
  schedule.observe!(2);
  assert.ok(Math.abs(schedule.learningRate(5, 0) - 0.1) < 1e-12);
  const later = scheduleOf(flags, { stepsPerEpoch: 3, state: schedule.state?.() });
  assert.equal(later.learningRate(5, 0), schedule.learningRate(5, 0));
});

Deno.test("flags that do not go together are refused, with what was needed", () => {
  for (
    const [args, needed] of [
      [["--optimizer", "lion", "--epsilon", "1"], "--optimizer adam or adamw or lamb"],
      [["--optimizer", "sgd", "--amsgrad"], "--optimizer adam or adamw was needed"],
      [["--optimizer", "sgd", "--nesterov", "--momentum", "0"], "above 0"],
      [["--optimizer", "schedule-free", "--schedule", "cosine"], "--schedule constant"],
      [["--optimizer", "schedule-free", "--ema", "0.9"], "one of both"],
      [["--ema-constant"], "--ema was needed"],
      [["--swa", "2", "--ema", "0.9"], "one average"],
      [["--swa", "11"], "at most 10"],
      [["--swa-lr", "1"], "--swa was needed"],
      [["--schedule", "cosine", "--gamma", "0.5"], "--schedule exponential or multi-step"],
      [["--schedule", "multi-step"], "--milestones were needed"],
      [["--schedule", "one-cycle", "--warmup", "1"], "--rise"],
      [["--schedule", "cosine", "--warmup", "10"], "fewer were needed"],
      [["--warmup-lr", "1"], "--warmup was needed"],
      [["--focus", "1"], "--loss focal was needed"],
      [["--loss", "focal", "--bce-sum"], "--loss bce was needed"],
      [["--schedule", "multi-step", "--milestones", "3,2"], "Rising epochs"],
    ] as const
  ) {
    assert.throws(
      () => flagsOf(...args),
      (error) => error instanceof UsageError && error.message.includes(needed),
      args.join(" "),
    );
  }
});

Deno.test("a recipe in words names what is out of the ordinary", () => {
  const { optimizer, schedule } = describeRecipe(flagsOf(
    ...["--optimizer", "adamw", "--weight-decay", "0.05", "--ema", "0.999", "--accumulate", "2"],
    ...["--clip-norm", "1", "--schedule", "cosine", "--lr", "0.001", "--warmup", "1"],
  ));
  assert.equal(
    optimizer,
    "adamw, weight decay 0.05 (not of norms and biases), 2 batches a step, " +
      "gradients clipped to norm 1, moving average 0.999",
  );
  assert.equal(schedule, "learning rate 0.001 to 0 on a cosine, after a rise of 1 epoch");
});
