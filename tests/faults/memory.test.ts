/** A device that has no memory left, at each allocation of a session in turn: one error, in words, and nothing leaks. */

import { strict as assert } from "node:assert";
import { failureOf } from "../../cli/errors.ts";
import { MemoryError } from "../../engine/compile/program.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { Session } from "../../train/session.ts";
import { deviceTest } from "../device.ts";
import { blocks, classes, shape } from "../train/blocks.ts";
import { scarce } from "./scarce.ts";

const [batch, size] = shape;
const examples = {
  images: Uint8Array.from({ length: batch * size * size * 4 }, (_, i) => i * 37 % 251),
  labels: Int32Array.of(0, 1, 2, 0),
};

/** A session from its making to its end, with everything that allocates. */
async function life(device: Device): Promise<void> {
  const session = await Session.create(device, {
    ...{ model: blocks, classes, size, batch, seed: 1, train: true, accumulate: 2 },
    ...{ optimizer: { name: "adam" }, average: { decay: 0.9 } },
  });
  try {
    session.accumulate(examples);
    session.accumulate(examples);
    session.update({ learningRate: 0.01 });
    await session.metrics();
    await session.evaluate(examples);
    const [weights, optimizer] = [await session.readWeights(), await session.readOptimizer()];
    session.writeWeights(weights);
    session.writeOptimizer(optimizer, 1);
    await session.evaluate(examples);
  } finally {
    session.destroy();
  }
}

deviceTest(
  "each allocation that fails is one MemoryError, and no buffer is left",
  async (device) => {
    const { made, live } = await scarce(Infinity, () => life(device));
    assert.ok(made >= 30, `${made} allocations`);
    assert.equal(live.size, 0, [...live].map(({ label }) => label).join());
    const wrong: string[] = [];
    for (let failing = 0; failing < made; failing++) {
      let said: unknown;
      const left = await scarce(failing, () => life(device).catch((error) => said = error));
      await device.gpu.queue.onSubmittedWorkDone();
      if (!(said instanceof MemoryError)) wrong.push(`${failing} of ${made}: ${said}`);
      else {
        const { code, message } = failureOf(said);
        if (code !== 5 || !message.includes("denoland/deno#35195")) {
          wrong.push(`${code} ${message}`);
        }
      }
      if (left.live.size) {
        wrong.push(`${failing}: left ${[...left.live].map(({ label }) => label || "?").join()}`);
      }
      try {
        device.check();
      } catch (error) {
        wrong.push(`${failing}: afterwards ${error}`);
      }
    }
    assert.deepEqual(wrong, []);
    await life(device);
  },
);
