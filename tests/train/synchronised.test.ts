/** Ranks in one process that take steps together: the golden networks, as one process with the whole batch has them. */

import { strict as assert } from "node:assert";
import type { GoldenTraining } from "../../cli/golden/training.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { localRanks } from "../../train/ranks.ts";
import type { SessionOptions } from "../../train/session.ts";
import { deviceTest } from "../device.ts";
import { shared } from "../shared.ts";
import { type NetName, type Run, train } from "./golden_steps.ts";

/** What each of several ranks has after as many steps. */
function together(
  device: Device,
  net: NetName,
  { size, ...more }:
    & { readonly size: number; readonly steps: number }
    & Partial<Omit<SessionOptions, "size">>,
): Promise<Run[]> {
  return Promise.all(localRanks(size).map((ranks) => train(device, net, { ...more, ranks })));
}

function assertClose(found: readonly number[], expected: readonly number[]): void {
  found.forEach((x, i) => {
    assert.ok(Math.abs(x - expected[i]!) <= 1e-5, `step ${i}: ${x}, ${expected[i]} was needed`);
  });
}

deviceTest("synchronised norms give 2 and 4 ranks the losses of one process", async (device) => {
  const one = await train(device, "tiny", { steps: 10 });
  const folder = shared("golden");
  if (folder !== undefined) {
    const file: GoldenTraining = JSON.parse(await Deno.readTextFile(`${folder}/training.json`));
    const run = file.runs.find((r) => r.net === "tiny" && r.optimizer === "adam")!;
    assertClose(one.losses, run.losses);
  }
  for (const size of [2, 4]) {
    const all = await together(device, "tiny", { steps: 10, size });
    for (const { losses, weights } of all) {
      assertClose(losses, one.losses);
      assert.deepEqual(weights, all[0]!.weights, "all ranks have the same bits");
    }
    if (size > 2) continue;
    const again = await together(device, "tiny", { steps: 10, size });
    assert.deepEqual(again, all, "and have them in every run");
  }
});

deviceTest("norms of ranks that are not synchronised see their own rows", async (device) => {
  const one = await train(device, "tiny", { steps: 1 });
  const [first] = await together(device, "tiny", { steps: 1, size: 2, synchroniseNorms: false });
  assert.ok(Math.abs(first!.losses[0]! - one.losses[0]!) > 1e-4);
});

deviceTest(
  "batches that ranks add up leave all with the same bits",
  async (device) => {
    const more = { batch: 2, accumulate: 2 } as const;
    const [first, second] = await together(device, "tiny", { steps: 2, size: 2, ...more });
    assert.ok(first!.losses.every(Number.isFinite));
    assert.deepEqual(second, first);
  },
);

deviceTest("the first step of resnet18 is that of one process with all images", async (device) => {
  const one = await train(device, "resnet18", { steps: 1 });
  for (const size of [2, 4]) {
    for (const { losses } of await together(device, "resnet18", { steps: 1, size })) {
      assertClose(losses, one.losses);
    }
  }
});
