/** Looking at a value: compiles its graph, runs it once and reads it. Not for loops: use a program. */

import { compile } from "../compile/mod.ts";
import type { FusionRule, Precision } from "../compile/program.ts";
import { isInput, type Tensor, topological } from "../graph.ts";
import type { Device } from "./device.ts";
import { Memory } from "./memory.ts";
import { Runner } from "./runner.ts";

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /** Which rules of fusion apply; false for a dispatch for every op. Default: those that pay. */
  readonly fuse?: boolean | readonly FusionRule[];
  /** As what activations are kept on the way; outputs are float32 always. Default "f32". */
  readonly precision?: Precision;
}

/**
 * The numbers of `outputs`, each row-major, given those of the inputs. Throws TypeError where an input is
 * not fed, RangeError where it is fed another count of numbers, MemoryError where the device is too small.
 */
export async function evaluate(
  device: Device,
  outputs: readonly Tensor[],
  feeds: ReadonlyMap<Tensor, ArrayLike<number>> = new Map(),
  options: EvaluateOptions = {},
): Promise<Float32Array[]> {
  const program = compile({ outputs }, { ...device.limits, ...options });
  for (const t of topological(outputs, (t) => t.operands)) {
    if (isInput(t) && !feeds.has(t)) {
      throw new TypeError(`Cannot evaluate ${t}: it is not fed, ${t.size} numbers were needed`);
    }
  }
  const memory = new Memory(device);
  let runner: Runner | undefined;
  try {
    for (const [t, values] of feeds) memory.write(t, values);
    runner = await Runner.create(program, memory);
    await runner.runAcross((own) => Promise.resolve([own]));
    const results: Float32Array[] = [];
    for (const t of outputs) results.push(await runner.read(t));
    return results;
  } finally {
    runner?.destroy();
    memory.destroy();
  }
}
