/** Tests of searches over options on a made-up score. Nothing is trained. */
import assert from "node:assert/strict";
import { bracketsOf, type Dimension, drawOptions, search } from "../../train/search.ts";

const space = new Map<string, Dimension>([
  ["lr", { min: 1e-4, max: 1, log: true }],
  ["batch", { min: 3, max: 5, whole: true }],
  ["drop", { min: 0.2, max: 0.6 }],
  ["model", ["a", "b"]],
]);

Deno.test("drawOptions() fills its ranges evenly, and is a function of seed and trial", () => {
  const drawn = Array.from({ length: 600 }, (_, trial) => drawOptions(space, { seed: 7, trial }));
  const share = (has: (options: Map<string, unknown>) => boolean) => drawn.filter(has).length / 600;
  const number = (options: Map<string, unknown>, name: string) => Number(options.get(name));
  for (const low of [1e-4, 1e-3, 1e-2, 1e-1]) {
    const decade = share((o) => number(o, "lr") >= low && number(o, "lr") < 10 * low);
    assert.ok(Math.abs(decade - 0.25) < 0.06, `${low}: ${decade}`);
  }
  for (const batch of [3, 4, 5]) {
    assert.ok(Math.abs(share((o) => o.get("batch") === batch) - 1 / 3) < 0.06);
  }
  assert.ok(drawn.every((o) => number(o, "drop") >= 0.2 && number(o, "drop") <= 0.6));
  assert.ok(Math.abs(share((o) => number(o, "drop") < 0.4) - 0.5) < 0.06);
  assert.ok(Math.abs(share((o) => o.get("model") === "a") - 0.5) < 0.06);
  assert.deepEqual(drawOptions(space, { seed: 7, trial: 3 }), drawn[3]);
  assert.notDeepEqual(drawOptions(space, { seed: 8, trial: 3 }), drawn[3]);
});

Deno.test("bracketsOf() has the rungs of the papers", () => {
  assert.deepEqual(bracketsOf({ method: "random", trials: 4, epochs: 9 }), [
    { first: 0, rungs: [{ trials: 4, epochs: 9 }] },
  ]);
  assert.deepEqual(bracketsOf({ method: "halving", trials: 9, epochs: 20 }), [
    {
      first: 0,
      rungs: [{ trials: 9, epochs: 1 }, { trials: 3, epochs: 3 }, { trials: 1, epochs: 20 }],
    },
  ]);
  // Li et al. 2018, table 1: R = 81, η = 3.
  const brackets = bracketsOf({ method: "hyperband", trials: 1, epochs: 81 });
  assert.deepEqual(
    brackets.map(({ rungs }) => rungs.map(({ trials, epochs }) => [trials, epochs])),
    [
      [[81, 1], [27, 3], [9, 9], [3, 27], [1, 81]],
      [[34, 3], [11, 9], [3, 27], [1, 81]],
      [[15, 9], [5, 27], [1, 81]],
      [[8, 27], [2, 81]],
      [[5, 81]],
    ],
  );
  assert.deepEqual(brackets.map(({ first }) => first), [0, 81, 115, 130, 138]);
  assert.throws(
    () => bracketsOf({ method: "halving", trials: 4, epochs: 2, minEpochs: 3 }),
    RangeError,
  );
});

Deno.test("search() finds the best by halving at a fraction of the epochs, and leaves what fails", async () => {
  const lr = (trial: number) => Number(drawOptions(space, { seed: 1, trial }).get("lr"));
  const quality = (trial: number) => -Math.abs(Math.log10(lr(trial)) + 2);
  const trained = new Map<number, number>();
  const run = async (method: "random" | "halving") => {
    trained.clear();
    const results = await search(bracketsOf({ method, trials: 27, epochs: 27 }), {
      better: (a: number, b: number) => a > b,
      train: (trial, epochs) => {
        trained.set(trial, epochs);
        return Promise.resolve(trial === 5 ? undefined : quality(trial) - 1 / epochs);
      },
    });
    return { results, epochs: [...trained.values()].reduce((a, b) => a + b) };
  };
  const [all, halved] = [await run("random"), await run("halving")];
  assert.equal(halved.results.length, 27);
  assert.equal(halved.results[0]!.trial, all.results[0]!.trial);
  assert.ok(halved.epochs < all.epochs / 5, `${halved.epochs} of ${all.epochs}`);
  assert.deepEqual(halved.results.at(-1), { trial: 5, epochs: 1, score: undefined });
  const best = Array.from({ length: 27 }, (_, i) => i).filter((i) => i !== 5)
    .reduce((a, b) => quality(b) > quality(a) ? b : a);
  assert.deepEqual([halved.results[0]!.trial, halved.results[0]!.epochs], [best, 27]);
});
