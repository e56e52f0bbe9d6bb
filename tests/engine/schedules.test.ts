/** Schedules against torch's and timm's own numbers, and what composes them. */
import assert from "node:assert/strict";
import { Comparison } from "../../cli/golden/compare.ts";
import { checkSchedules } from "../../cli/golden/schedules.ts";
import { byStep, lastStretch, sequential, warmUp } from "../../engine/optim/compose.ts";
import { oneCycle } from "../../engine/optim/one_cycle.ts";
import { plateau } from "../../engine/optim/plateau.ts";
import {
  constant,
  cosine,
  exponential,
  linear,
  multiStepLR,
  polynomial,
  type Schedule,
  stepLR,
} from "../../engine/optim/schedules.ts";
import { shared } from "../shared.ts";

const path = shared("golden/training.json");

function close(actual: readonly number[], expected: readonly number[], what = ""): void {
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) <= 1e-12, `${what} at ${i}: ${actual[i]}, not ${value}`);
  });
}

/** The rates of the first epochs. */
const epochsOf = (schedule: Schedule, count: number) =>
  Array.from({ length: count }, (_, epoch) => schedule.learningRate(epoch, 0));

Deno.test({
  name: "schedules have torch's and timm's rates and β1",
  ignore: path === undefined,
  fn() {
    const comparison = new Comparison();
    checkSchedules(JSON.parse(Deno.readTextFileSync(path!)).schedules, comparison);
    assert.ok(comparison.passed, JSON.stringify(comparison.rows));
    assert.ok(comparison.rows[0]!.count > 200);
  },
});

Deno.test("oneCycle() is the same however its steps are divided into epochs", () => {
  const whole = oneCycle(0.005, { epochs: 1, stepsPerEpoch: 60 });
  const divided = oneCycle(0.005, { epochs: 6, stepsPerEpoch: 10 });
  for (let i = 0; i < 60; i++) {
    const [epoch, step] = [Math.floor(i / 10), i % 10];
    assert.equal(divided.learningRate(epoch, step), whole.learningRate(0, i));
    assert.equal(divided.beta1!(epoch, step), whole.beta1!(0, i));
  }
});

Deno.test("oneCycle() begins, peaks and ends as torch's does with 10 steps", () => {
  const schedule = oneCycle(0.1, { epochs: 2, stepsPerEpoch: 5 });
  const rates = [0, 2, 9].map((i) => schedule.learningRate(Math.floor(i / 5), i % 5));
  [0.004, 0.1, 4e-7].forEach((expected, i) => {
    assert(Math.abs(rates[i]! - expected) < 1e-12, `${rates}`);
  });
  assert.equal(schedule.beta1!(0, 2), 0.85);
});

Deno.test("oneCycle() refuses steps that it has not", () => {
  const schedule = oneCycle(0.1, { epochs: 2, stepsPerEpoch: 5 });
  assert.throws(() => schedule.learningRate(2, 0), /step 11 of a cycle: it has 10/);
  assert.throws(() => schedule.learningRate(0, -1), RangeError);
  assert.throws(() => oneCycle(0.1, { epochs: 0, stepsPerEpoch: 5 }), RangeError);
  assert.throws(() => stepLR(0.1, { every: 0, gamma: 0.5 }), RangeError);
});

Deno.test("oneCycle() is finite for the shortest runs", () => {
  for (let total = 1; total < 12; total++) {
    const schedule = oneCycle(0.1, { epochs: 1, stepsPerEpoch: total, rise: 0.25 });
    for (let step = 0; step < total; step++) {
      const rate = schedule.learningRate(0, step);
      assert(rate > 0 && rate <= 0.1 + 1e-12, `step ${step} of ${total}: ${rate}`);
    }
  }
});

Deno.test("constant() stays and leaves β1 alone", () => {
  assert.equal(constant(0.3).learningRate(7, 9), 0.3);
  assert.equal(constant(0.3).beta1, undefined);
});

Deno.test("cosine() begins anew, lower and for longer, and then stays at its least", () => {
  const schedule = cosine(1, { epochs: 2, least: 0.1, cycles: 2, stretch: 2, decay: 0.5 });
  const root = Math.SQRT1_2;
  const second = (progress: number) => 0.1 + 0.4 * (1 + progress) / 2;
  close(epochsOf(schedule, 8), [1, 0.55, 0.5, second(root), 0.3, second(-root), 0.1, 0.1]);
  const forever = cosine(1, { epochs: 2, cycles: Infinity });
  close(epochsOf(forever, 5), [1, 0.5, 1, 0.5, 1]);
  assert.throws(() => cosine(1, { epochs: 0 }), RangeError);
  assert.throws(() => cosine(1, { epochs: 2, stretch: 0.5 }), RangeError);
});

Deno.test("polynomial(), linear() and exponential() follow their formulas and stay at the end", () => {
  close(epochsOf(polynomial(1, { epochs: 4, power: 2, least: 0.2 }), 6), [1, .65, .4, .25, .2, .2]);
  close(epochsOf(linear(1, { epochs: 2 }), 4), [1 / 3, 2 / 3, 1, 1]);
  close(epochsOf(exponential(1, { gamma: 0.5 }), 3), [1, 0.5, 0.25]);
  assert.throws(() => polynomial(1, { epochs: NaN }), RangeError);
  assert.throws(() => multiStepLR(1, { milestones: [3, 3], gamma: 0.5 }), /above the one before/);
});

Deno.test("byStep() follows a schedule within epochs", () => {
  const schedule = byStep(polynomial(1, { epochs: 2 }), { stepsPerEpoch: 4 });
  close([0, 1, 2, 3].map((s) => schedule.learningRate(1, s)), [0.5, 0.375, 0.25, 0.125]);
});

Deno.test("warmUp() rises to the schedule, under it or before it", () => {
  const fall = exponential(1, { gamma: 0.5 });
  close(epochsOf(warmUp(fall, { epochs: 2, from: 0.2 }), 4), [0.2, 0.6, 0.25, 0.125]);
  close(epochsOf(warmUp(fall, { epochs: 2, prefix: true }), 4), [0, 0.5, 1, 0.5]);
  assert.equal(warmUp(fall, { epochs: 0 }), fall);
});

Deno.test("lastStretch() leaves its path for a constant rate", () => {
  const options = { start: 2, learningRate: 0.05 };
  close(epochsOf(lastStretch(constant(1), options), 4), [1, 1, 0.05, 0.05]);
  const slow = lastStretch(constant(1), { ...options, anneal: 2 });
  close(epochsOf(slow, 6), [1, 1, 1, 0.525, 0.05, 0.05]);
});

Deno.test("sequential() asks for a milestone between each two schedules, and keeps a common β1", () => {
  assert.throws(() => sequential([constant(1)], { milestones: [2] }), /2 were needed/);
  const cycle = oneCycle(1, { epochs: 2, stepsPerEpoch: 3 });
  const both = sequential([cycle, cycle], { milestones: [2] });
  assert.equal(both.beta1!(3, 1), cycle.beta1!(1, 1));
  assert.equal(sequential([cycle, constant(1)], { milestones: [2] }).beta1, undefined);
  assert.throws(() => sequential([cycle, plateau(1)], { milestones: [2] }), /hears losses/);
});

Deno.test("plateau() falls after more than its patience, rests, and goes on from its state", () => {
  // torch.optim.lr_scheduler.ReduceLROnPlateau(factor=.5, patience=1, cooldown=1, min_lr=.3).
  const losses = [1, 0.9, 0.9, 0.90005, 0.95, 0.9, 0.91, 0.8, 0.8, 0.8, 0.8];
  const rates = [1, 1, 1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3];
  const options = { factor: 0.5, patience: 1, cooldown: 1, least: 0.3 };
  const hear = (schedule: Schedule, from: number, to: number) =>
    losses.slice(from, to).map((loss) => {
      schedule.observe!(loss);
      return schedule.learningRate(0, 0);
    });
  close(hear(plateau(1, options), 0, 11), rates);
  for (let stop = 0; stop <= losses.length; stop++) {
    const first = plateau(1, options);
    hear(first, 0, stop);
    const state = JSON.parse(JSON.stringify(warmUp(first, { epochs: 1 }).state!()));
    const later = warmUp(plateau(1, { ...options, state }), { epochs: 1 });
    later.observe!(losses[stop] ?? 1);
    assert.equal(later.learningRate(5, 0), rates[stop] ?? 0.3, `after ${stop}`);
  }
  assert.throws(() => plateau(1, { factor: 1 }), RangeError);
  assert.throws(() => plateau(1, { state: {} }), /state lacks/);
});
