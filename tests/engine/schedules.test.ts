/** Schedules against torch's own numbers. */
import assert from "node:assert/strict";
import { constant, oneCycle, type Schedule, stepLR } from "../../engine/optim/schedules.ts";
import { shared } from "../shared.ts";

/** Learning rates and β1 of the first epochs or steps, by the names of torch's calls. */
type Golden = Record<
  string,
  { readonly lr: readonly number[]; readonly beta1?: readonly number[] }
>;

const path = shared("golden/training.json");

function close(actual: number, expected: number, what: string): void {
  assert(Math.abs(actual - expected) <= 1e-12 * Math.abs(expected), `${what}: ${actual}`);
}

function compare(name: string, schedule: Schedule, stepsPerEpoch: number): void {
  const golden = (JSON.parse(Deno.readTextFileSync(path!)).schedules as Golden)[name]!;
  golden.lr.forEach((expected, i) => {
    const [epoch, step] = [Math.floor(i / stepsPerEpoch), i % stepsPerEpoch];
    close(schedule.learningRate(epoch, step), expected, `${name}, step ${i}`);
    const beta1 = golden.beta1?.[i];
    if (beta1 !== undefined) close(schedule.beta1!(epoch, step), beta1, `β1 of ${name}, step ${i}`);
  });
}

Deno.test({
  name: "stepLR() has torch's rates",
  ignore: path === undefined,
  fn: () => compare("StepLR(4,.85)", stepLR(0.005, { every: 4, gamma: 0.85 }), 1),
});

Deno.test({
  name: "oneCycle() has torch's rates and β1, across epochs",
  ignore: path === undefined,
  fn() {
    const steps = (epochs: number, stepsPerEpoch: number) => ({ epochs, stepsPerEpoch });
    compare("OneCycleLR(max .005,total 60)", oneCycle(0.005, steps(1, 60)), 60);
    compare("OneCycleLR(max .005,total 60)", oneCycle(0.005, steps(6, 10)), 10);
    compare("OneCycleLR(max .01,epochs 12,steps_per_epoch 1)", oneCycle(0.01, steps(12, 1)), 1);
    const form = { path: "linear", threePhases: true } as const;
    const linear = oneCycle(0.01, { ...steps(1, 20), ...form });
    compare("OneCycleLR(max .01,total 20,linear,three_phase)", linear, 20);
  },
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
