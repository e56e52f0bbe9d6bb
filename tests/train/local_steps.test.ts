/** Ranks that take steps apart: the outer step in float64, what they have in common afterwards, what is refused. */

import { strict as assert } from "node:assert";
import { fromFloats, toFloats, type Weight } from "../../models/safetensors.ts";
import { type LocalSession, LocalSteps, type LocalStepsOptions } from "../../train/local_steps.ts";
import { localRanks } from "../../train/ranks.ts";
import { Session } from "../../train/session.ts";
import { deviceTest } from "../device.ts";
import { examples, optionsOf } from "./blocks.ts";

/** Weights that move by what they are told. */
class Moving implements LocalSession {
  weights = new Map<string, Weight>([
    ["fc.weight", fromFloats([3], Float32Array.of(1, -2, 0.1))],
    ["bn.running_var", fromFloats([1], Float32Array.of(1))],
    ["bn.num_batches_tracked", { dtype: "I64", shape: [], data: new Uint8Array(8) }],
  ]);

  readWeights() {
    return Promise.resolve(new Map(this.weights));
  }

  writeWeights(weights: ReadonlyMap<string, Weight>) {
    this.weights = new Map(weights);
  }

  readOptimizer() {
    return Promise.resolve(new Map<string, Weight>());
  }

  get(key: string): number[] {
    return [...toFloats(this.weights.get(key)!)];
  }

  move(by: readonly number[]): void {
    const moved = this.get("fc.weight").map((x, i) => x + by[i]!);
    this.weights.set("fc.weight", fromFloats([3], Float32Array.from(moved)));
    const follows = this.get("bn.running_var").map((x) => x + by[0]!);
    this.weights.set("bn.running_var", fromFloats([1], Float32Array.from(follows)));
  }
}

/** How rank `rank` of three moves the weights in step `t`; the last one never moves. */
const moves = (rank: number, t: number) => [0.1 * (rank + 1), Math.sin(7 * rank + t) / 5, 0];

const outer: readonly Pick<LocalStepsOptions, "learningRate" | "momentum">[] = [
  {},
  { learningRate: 1, momentum: 0 },
];
for (const options of outer) {
  Deno.test(`the outer step is that of float64, with ${JSON.stringify(options)}`, async () => {
    const { learningRate = 0.7, momentum = 0.9 } = options;
    const [weight, b] = [[1, -2, Math.fround(0.1)], [0, 0, 0]];
    for (const t of [0, 2, 4]) {
      const g = weight.map((_, i) =>
        -[0, 1, 2].reduce((sum, rank) => sum + moves(rank, t)[i]! + moves(rank, t + 1)[i]!, 0) / 3
      );
      g.forEach((x, i) => b[i] = momentum * b[i]! + x);
      g.forEach((x, i) => weight[i]! -= learningRate * (x + momentum * b[i]!));
    }
    const sessions = await Promise.all(
      localRanks(3).map(async (ranks) => {
        const session = new Moving();
        const steps = await LocalSteps.begin(session, ranks, { every: 2, ...options });
        const met: boolean[] = [];
        for (let t = 0; t < 6; t++) {
          session.move(moves(ranks.rank, t));
          met.push(await steps.stepped());
        }
        assert.deepEqual(met, [false, true, false, true, false, true]);
        assert.deepEqual(steps.bytes(6), { sent: 48, otherwise: 96 });
        return session;
      }),
    );
    for (const session of sessions) {
      assert.deepEqual(session.weights, sessions[0]!.weights);
      session.get("fc.weight").forEach((x, i) => assert.ok(Math.abs(x - weight[i]!) < 1e-6));
      assert.equal(session.get("fc.weight")[2], Math.fround(0.1), "what nobody moves stays");
      assert.ok(Math.abs(session.get("bn.running_var")[0]! - 2.2) < 1e-6, "the mean, no more");
    }
  });
}

Deno.test("ranks that would never meet are refused, and averages of weights", async () => {
  const [ranks] = localRanks(1);
  await assert.rejects(
    LocalSteps.begin(new Moving(), ranks!, { every: 0 }),
    /^RangeError: Cannot meet every 0 steps/,
  );
  const averaging = new Moving();
  averaging.readOptimizer = () =>
    Promise.resolve(new Map([["training.fc.weight", averaging.weights.get("fc.weight")!]]));
  await assert.rejects(
    LocalSteps.begin(averaging, ranks!, { every: 2 }),
    /^TypeError: Cannot take steps apart: the session averages/,
  );
});

deviceTest("sessions that meet go on from the same weights", async (device) => {
  const both = await Promise.all(
    localRanks(2).map(async (ranks) => {
      const session = await Session.create(device, optionsOf());
      const steps = await LocalSteps.begin(session, ranks, { every: 2 });
      const labels = examples.labels.map((label) => ranks.rank === 0 ? label : 0);
      const weights: ReadonlyMap<string, Weight>[] = [];
      for (let t = 0; t < 4; t++) {
        await session.step({ ...examples, labels }, { learningRate: 0.01 });
        if (t !== 2) weights.push(await session.readWeights());
        await steps.stepped();
      }
      weights.push(await session.readWeights());
      session.destroy();
      return weights;
    }),
  );
  const [first, second] = both;
  assert.notDeepEqual(first![1], second![1], "apart in between");
  assert.deepEqual(first!.at(-1), second!.at(-1));
});
