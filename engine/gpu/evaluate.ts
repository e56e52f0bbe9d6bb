/** Looking at a value: compiles its graph, runs it once and reads it. Not for loops: use a program. */

import { compile } from "../compile/mod.ts";
import type { Tensor } from "../graph.ts";
import type { Device } from "./device.ts";
import { Memory } from "./memory.ts";
import { Runner } from "./runner.ts";

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /** False to run every op as a dispatch of its own. Default true. */
  readonly fuse?: boolean;
}

/** The numbers of `outputs`, each row-major, given those of the inputs. */
export async function evaluate(
  device: Device,
  outputs: readonly Tensor[],
  feeds: ReadonlyMap<Tensor, ArrayLike<number>> = new Map(),
  options: EvaluateOptions = {},
): Promise<Float32Array[]> {
  const program = compile({ outputs }, { ...device.limits, ...options });
  const memory = new Memory(device);
  for (const [t, values] of feeds) memory.write(t, values);
  const runner = await Runner.create(program, memory);
  try {
    runner.run();
    const results: Float32Array[] = [];
    for (const t of outputs) results.push(await runner.read(t));
    return results;
  } finally {
    runner.destroy();
    memory.destroy();
  }
}
