/** Optimizers step by step: PyTorch's numbers, plain float64 loops of the published rules, the device. */

import { strict as assert } from "node:assert";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { createOptimizer, type OptimizerOptions } from "../../engine/optim/mod.ts";
import type { Rates } from "../../engine/optim/optimizer.ts";
import { deviceTest } from "../device.ts";

/** What a trajectory is made of: two tensors, of 2 and of 70 numbers, in an arena of 3 rows. */
interface Setting {
  readonly rates: (t: number) => Rates;
  readonly steps: number;
  /** What the learning rate of each tensor is multiplied by. */
  readonly factors?: readonly [number, number];
  /** What the weight decay of each tensor is multiplied by. */
  readonly decays?: readonly [number, number];
}

const parts = [[0, 1], [1, 2]] as const;
const count = 3 * 64;
const used = (i: number) => i < 2 || i >= 64 && i < 134;
const tensorOf = (i: number) => i < 64 ? 0 : 1;

/** Parameters before, and the gradient of step t; zeros in the gaps of the arena. */
const start = Float64Array.from({ length: count }, (_, i) => used(i) ? Math.sin(7 * i + 1) : 0);
const gradientOf = (t: number) =>
  Float64Array.from({ length: count }, (_, i) => used(i) ? Math.cos(3 * i + t) * (1 + t) / 4 : 0);

/** Parameters after each step, with `evaluated` those to evaluate; and states by name, after the last. */
async function trajectory(options: OptimizerOptions, setting: Setting, device?: Device) {
  const optimizer = createOptimizer(options);
  const shape = [3, 64];
  const parameters = input("parameters", shape);
  const gradient = input("gradient", shape);
  const states = optimizer.states.map((name) => input(name, shape));
  const scalars = Array.from({ length: optimizer.scalars }, (_, i) => input(`scalar ${i}`, []));
  const column = (values: readonly number[] | undefined, label: string) =>
    values && [input(label, [3, 1]), Float64Array.of(values[0]!, values[1]!, values[1]!)] as const;
  const rates = column(setting.factors, "rates");
  const decays = column(setting.decays, "decays");
  const inputs = { parameters, gradient, states, scalars, parts };
  const next = optimizer.update({ ...inputs, rates: rates?.[0], decays: decays?.[0] });
  const outputs = [next.parameters, ...next.states];
  const run = async (feeds: Map<Tensor, Float64Array>, outputs: readonly Tensor[]) =>
    device
      ? (await evaluate(device, outputs, feeds)).map((x) => Float64Array.from(x))
      : interpret(outputs, feeds);
  let values: Float64Array[] = [
    start,
    ...optimizer.states.map((name) => {
      const initial = optimizer.initial?.[name] ?? 0;
      return initial === "parameters" ? start : new Float64Array(count).fill(initial);
    }),
  ];
  const after: Float64Array[] = [];
  const evaluated: Float64Array[] = [];
  for (let t = 1; t <= setting.steps; t++) {
    const feeds = new Map<Tensor, Float64Array>([
      [gradient, gradientOf(t)],
      ...[parameters, ...states].map((x, i) => [x, values[i]!] as const),
      ...optimizer.values(t, setting.rates(t)).map((v, i) =>
        [scalars[i]!, Float64Array.of(v)] as const
      ),
      ...[rates, decays].filter((x) => x !== undefined),
    ]);
    values = await run(feeds, outputs);
    after.push(values[0]!);
    if (!optimizer.evaluated) continue;
    const x = optimizer.evaluated({ parameters, states });
    const known = new Map([parameters, ...states].map((x, i) => [x, values[i]!]));
    evaluated.push(...await run(known, [x]));
  }
  return { after, evaluated, states: new Map(optimizer.states.map((n, i) => [n, values[i + 1]!])) };
}

function close(actual: Float64Array, expected: ArrayLike<number>, tolerance: number, what: string) {
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / Math.max(1, Math.abs(expected[i]!));
    assert.ok(error <= tolerance, `${what} at ${i}: ${actual[i]}, ${expected[i]} was expected`);
  }
}

/** One number's state in a plain loop. */
interface Cell {
  p: number;
  a: number;
  b: number;
  c: number;
}

/** A step of one number, in the words of the paper or of PyTorch. */
type Rule = (
  cell: Cell,
  g: number,
  numbers: { readonly t: number; readonly lr: number; readonly wd: number },
) => void;

const rules: {
  name: string;
  options: OptimizerOptions;
  wd?: number;
  begin?: Partial<Cell>;
  rule: Rule;
}[] = [
  {
    name: "AMSGrad with decay in the gradient",
    options: { name: "adam", amsgrad: true, weightDecay: 0.1 },
    wd: 0.1,
    rule: (x, raw, { t, lr, wd }) => {
      const g = raw + wd * x.p;
      x.a = 0.9 * x.a + 0.1 * g;
      x.b = 0.999 * x.b + 0.001 * g * g;
      x.c = Math.max(x.c, x.b);
      x.p -= lr / (1 - 0.9 ** t) * x.a / (Math.sqrt(x.c) / Math.sqrt(1 - 0.999 ** t) + 1e-8);
    },
  },
  {
    name: "AdamW",
    options: { name: "adamw", beta1: 0.8, weightDecay: 0.05 },
    wd: 0.05,
    rule: (x, g, { t, lr, wd }) => {
      x.p *= 1 - lr * wd;
      x.a = 0.8 * x.a + 0.2 * g;
      x.b = 0.999 * x.b + 0.001 * g * g;
      x.p -= lr / (1 - 0.8 ** t) * x.a / (Math.sqrt(x.b) / Math.sqrt(1 - 0.999 ** t) + 1e-8);
    },
  },
  {
    name: "SGD with dampening",
    options: { name: "sgd", momentum: 0.9, dampening: 0.5, weightDecay: 0.1 },
    wd: 0.1,
    rule: (x, raw, { t, lr, wd }) => {
      const g = raw + wd * x.p;
      x.a = t === 1 ? g : 0.9 * x.a + 0.5 * g;
      x.p -= lr * x.a;
    },
  },
  {
    name: "centered RMSprop with momentum",
    options: { name: "rmsprop", momentum: 0.9, centered: true, epsilon: 1e-3, weightDecay: 0.1 },
    wd: 0.1,
    rule: (x, raw, { lr, wd }) => {
      const g = raw + wd * x.p;
      x.a = 0.99 * x.a + 0.01 * g * g;
      x.c = 0.99 * x.c + 0.01 * g;
      x.b = 0.9 * x.b + g / (Math.sqrt(x.a - x.c ** 2) + 1e-3);
      x.p -= lr * x.b;
    },
  },
  {
    name: "TensorFlow's RMSprop with momentum",
    options: { name: "rmsprop-tf", momentum: 0.9, epsilon: 1e-3 },
    begin: { a: 1 },
    rule: (x, g, { lr }) => {
      x.a += 0.1 * (g * g - x.a);
      x.b = 0.9 * x.b + lr * g / Math.sqrt(x.a + 1e-3);
      x.p -= x.b;
    },
  },
  {
    name: "Lion",
    options: { name: "lion", weightDecay: 0.5 },
    wd: 0.5,
    rule: (x, g, { lr, wd }) => {
      x.p *= 1 - lr * wd;
      x.p -= lr * Math.sign(0.9 * x.a + 0.1 * g);
      x.a = 0.99 * x.a + 0.01 * g;
    },
  },
  {
    name: "schedule-free AdamW, as z, x and y apart",
    options: { name: "schedule-free", weightDecay: 0.1, warmupSteps: 3 },
    wd: 0.1,
    rule: (x, g, { t, lr, wd }) => {
      // a: z − start, c: x − start; p is y.
      const step = lr * Math.min(1, t / 3);
      x.b = 0.999 * x.b + 0.001 * g * g;
      const d = g / (Math.sqrt(x.b / (1 - 0.999 ** t)) + 1e-8) + wd * x.p;
      const weights = Array.from({ length: t }, (_, k) => Math.min(1, (k + 1) / 3) ** 2);
      const share = weights.at(-1)! / weights.reduce((a, b) => a + b);
      const origin = x.p - (0.1 * x.a + 0.9 * x.c);
      x.a -= step * d;
      x.c += share * (x.a - x.c);
      x.p = origin + 0.1 * x.a + 0.9 * x.c;
    },
  },
];

const rates = (t: number): Rates => ({ learningRate: 0.01 * t });
const steady = (): Rates => ({ learningRate: 0.02 });

for (const { name, options, wd = 0, begin, rule } of rules) {
  const setting: Setting = {
    ...{ steps: 4, factors: [1, 0.5], decays: [1, 0] },
    rates: options.name === "schedule-free" ? steady : rates,
  };
  Deno.test(`${name} is its rule, with factors for each tensor`, async () => {
    const { after, evaluated } = await trajectory(options, setting);
    const cells = Array.from(start, (p) => ({ p, a: 0, b: 0, c: 0, ...begin }));
    for (let t = 1; t <= setting.steps; t++) {
      const gradient = gradientOf(t);
      cells.forEach((cell, i) => {
        const lr = setting.rates(t).learningRate * setting.factors![tensorOf(i)]!;
        rule(cell, gradient[i]!, { t, lr, wd: wd * setting.decays![tensorOf(i)]! });
      });
      close(after[t - 1]!, cells.map((x) => x.p), 1e-12, `step ${t}`);
      if (evaluated.length) {
        close(
          evaluated[t - 1]!,
          cells.map((x, i) => start[i]! + x.c),
          1e-12,
          "x",
        );
      }
    }
    assert.ok(cells.every((x, i) => used(i) || x.p === 0), "gaps moved");
  });

  deviceTest(`${name} on the device equals the reference`, async (device) => {
    const [actual, expected] = [
      await trajectory(options, setting, device),
      await trajectory(options, setting),
    ];
    actual.after.forEach((values, t) => close(values, expected.after[t]!, 2e-6, `step ${t + 1}`));
    for (const [state, values] of expected.states) {
      close(actual.states.get(state)!, values, 2e-6, state);
    }
  });
}

/** LAMB in plain words: directions first, then one length for each tensor. */
function lambSteps(steps: number, decays: readonly number[]): Float64Array {
  const p = Float64Array.from(start);
  const [m, v] = [new Float64Array(count), new Float64Array(count)];
  for (let t = 1; t <= steps; t++) {
    const raw = gradientOf(t);
    const norm = Math.hypot(...raw);
    const u = Float64Array.from(raw, (value, i) => {
      const g = value / Math.max(1, norm);
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.999 * v[i]! + 0.001 * g * g;
      const direction = m[i]! / (1 - 0.9 ** t) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-6);
      return direction + 0.1 * decays[tensorOf(i)]! * p[i]!;
    });
    [[0, 64], [64, 192]].forEach(([from, to], k) => {
      const [weight, update] = [p, u].map((x) => Math.hypot(...x.subarray(from, to)));
      const trust = decays[k]! > 0 && weight! > 0 && update! > 0 ? weight! / update! : 1;
      for (let i = from!; i < to!; i++) p[i]! -= rates(t).learningRate * trust * u[i]!;
    });
  }
  return p;
}

for (const decays of [[1, 1], [0, 1]] as const) {
  const options = { name: "lamb", weightDecay: 0.1 } as const;
  Deno.test(`LAMB goes as far as each tensor is long, decays ${decays}`, async () => {
    const { after } = await trajectory(options, { rates, steps: 3, decays });
    close(after.at(-1)!, lambSteps(3, decays), 1e-7, "parameters"); // 1 / limit is float32
  });

  deviceTest(`LAMB on the device equals the reference, decays ${decays}`, async (device) => {
    const setting = { rates, steps: 3, decays };
    const [actual, expected] = [
      await trajectory(options, setting, device),
      await trajectory(options, setting),
    ];
    close(actual.after.at(-1)!, expected.after.at(-1)!, 2e-6, "parameters");
  });
}

Deno.test("schedule-free AdamW gives the same numbers whichever steps were asked for before", () => {
  const options = { name: "schedule-free", warmupSteps: 5 } as const;
  const whole = createOptimizer(options);
  const values = Array.from({ length: 9 }, (_, i) => whole.values(i + 1, steady()));
  assert.deepEqual(createOptimizer(options).values(7, steady()), values[6]);
  assert.deepEqual(whole.values(3, steady()), values[2]);
});

Deno.test("optimizers refuse options that are none or not theirs", () => {
  const refused: OptimizerOptions[] = [
    { name: "sgd", nesterov: true },
    { name: "sgd", momentum: 0.9, nesterov: true, dampening: 0.1 },
    { name: "adam", epsilon: 0 },
    { name: "adam", momentum: 0.9 },
    { name: "lion", epsilon: 1e-8 },
    { name: "adamw", beta2: 1 },
    { name: "rmsprop", weightDecay: -1 },
    { name: "schedule-free", beta1: 0 },
  ];
  for (const options of refused) {
    assert.throws(() => createOptimizer(options), RangeError, JSON.stringify(options));
  }
  assert.throws(() => createOptimizer({ name: "adam", epsilon: 0 }), /ε 0: .* above 0 was needed/);
  assert.throws(() => createOptimizer({ name: "sgd", momentum: 1 }), /from 0 and below 1 was/);
});
