/** `bench`: finds the benchmark and runs it. Measures nothing itself. */

import { UsageError } from "./errors.ts";
import { nearest } from "./flags.ts";

/** A module with a benchmark: takes flags and returns the exit code. */
interface Module {
  run(args: readonly string[]): number | Promise<number>;
}

/** Benchmarks by name, and what they measure; each is a module of that name in `bench/`. */
const BENCHMARKS: Readonly<Record<string, string>> = {
  step: "training steps on made-up images",
  models: "a training step of each model at its own size",
  peers: "training steps beside those of other frameworks",
  evaluation: "evaluation beside ONNX Runtime Web, in Chromium",
  gemm: "the matrix products of EfficientNet-B0, forward and both gradients",
  data: "decoding, the loader and its caches",
  augment: "augmentation on the device",
  plan: "what a step costs as it is and with the options of fine-tuning; no device",
  bytes: "what each rule of fusion saves; no device",
  scaling: "what many GPUs would do: sums over networks, failures, loading; simulated",
  static: "what the compiler of a GPU makes of every kernel; no device",
};

/** Runs a benchmark and returns the exit code. */
export async function run([name, ...args]: readonly string[]): Promise<number> {
  if (name === "--help" || name === "-h") {
    console.log(usage());
    return 0;
  }
  if (name === undefined || !Object.hasOwn(BENCHMARKS, name)) {
    const near = nearest(name ?? "", Object.keys(BENCHMARKS));
    throw new UsageError(
      `Cannot measure ${name ?? "nothing"}: ${
        near === undefined
          ? `one of ${Object.keys(BENCHMARKS).join(", ")} was needed`
          : `Did you mean ${near}?`
      }`,
    );
  }
  const module: Module = await import(`../bench/${name}.ts`);
  return await module.run(args);
}

function usage(): string {
  const rows = Object.entries(BENCHMARKS).map(([name, does]) => `  ${name.padEnd(12)}${does}`);
  return [
    "Usage: verity bench <what> [flags]",
    "",
    ...rows,
    "",
    "verity bench <what> --help lists its flags.",
  ].join("\n");
}
