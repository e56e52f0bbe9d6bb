/** What `doctor` looks at on the device: whether it computes rightly, and how fast. Mends nothing. */

import { compile } from "../../engine/compile/mod.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { Memory } from "../../engine/gpu/memory.ts";
import { Runner } from "../../engine/gpu/runner.ts";
import { input } from "../../engine/graph.ts";
import { matmul } from "../../engine/ops/matmul.ts";
import { checkStep } from "../../train/self_check.ts";
import type { Finding } from "./finding.ts";

/** What float32 may differ by in a step of a few layers; a wrong kernel differs by far more. */
const TOLERANCE = 1e-4;

/** Compares a training step with the float64 reference. */
export async function correctness(
  device: Device,
  check: typeof checkStep = checkStep,
): Promise<Finding> {
  const name = "correctness";
  const mend = "install the vendor's newest driver, then: deno task golden DIR";
  try {
    const { loss, gradient } = await check(device);
    const text =
      `a training step differs from float64 by ${loss.toExponential(1)} in its loss and ` +
      `${gradient.toExponential(1)} in its gradient`;
    if (loss < TOLERANCE && gradient < TOLERANCE) return { name, state: "ok", text };
    return { name, state: "problem", text: `${text}: it computes wrongly`, mend };
  } catch (error) {
    const text = `a training step fails: ${(error as Error).message}`;
    return { name, state: "problem", text, mend };
  }
}

/** Side of the matrices that are multiplied. */
const SIDE = 512;

/** Times products of matrices for about so many seconds. */
export async function speed(device: Device, seconds = 3): Promise<Finding> {
  const [x, w] = [input("x", [SIDE, SIDE]), input("w", [SIDE, SIDE])];
  const memory = new Memory(device);
  const values = Float32Array.from({ length: SIDE * SIDE }, (_, i) => i * 7919 % 1021 / 1021 - 0.5);
  for (const t of [x, w]) memory.write(t, values);
  const y = matmul(x, w);
  const runner = await Runner.create(compile({ outputs: [y] }, device.limits), memory);
  try {
    const runFor = async (times: number) => {
      const start = performance.now();
      for (let i = 0; i < times; i++) runner.run();
      await runner.read(y);
      return (performance.now() - start) / 1000;
    };
    await runFor(1); // what the driver has put off
    // More at a time until waiting for the end hardly counts.
    let [times, best] = [1, Infinity];
    const end = performance.now() + 1000 * seconds;
    while (performance.now() < end) {
      const taken = await runFor(times);
      best = Math.min(best, taken / times);
      if (taken < seconds / 8) times *= 2;
    }
    const rate = 2 * SIDE ** 3 / best / 1e9;
    const text = `${
      rate.toFixed(rate < 100 ? 1 : 0)
    } GFLOP/s in products of ${SIDE} × ${SIDE} matrices`;
    return { name: "speed", state: "ok", text };
  } finally {
    runner.destroy();
    memory.destroy();
  }
}
