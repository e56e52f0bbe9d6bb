/** `bench step`: images a second of a training step, and what it asks of the device. `bench data` is in bench/. */

import { countCalls } from "../engine/gpu/count.ts";
import { openDevice } from "../engine/gpu/device.ts";
import { modelNames } from "../models/mod.ts";
import { Session } from "../train/session.ts";
import { UsageError } from "./errors.ts";
import { type CommonFlags, newCommand, oneOf, parseFlags, whole } from "./flags.ts";
import { requireTuning, type TuningFlags, tuningOptions, withTuningFlags } from "./tuning_flags.ts";

/** Flags of the commands that run steps on made-up images. */
export interface StepFlags extends CommonFlags {
  readonly model: string;
  readonly size: number;
  readonly batch: number;
  readonly steps: number;
  readonly power?: "high" | "low";
}

/** The flags of a command that runs steps on made-up images. */
export function stepCommand(name: string, description: string) {
  return newCommand(name, description)
    .option("--model <name>", "model to train", oneOf(modelNames), "efficientnet_b0")
    .option("--size <px>", "height and width of the images", whole(1), 64)
    .option("--batch <n>", "images in a batch", whole(1), 8)
    .option("--steps <n>", "steps to run after the first", whole(1), 20)
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
}

/** Made-up images and labels for a step. */
export function madeUpExamples({ size, batch, seed }: StepFlags) {
  let state = seed + 1;
  const images = Uint8Array.from({ length: batch * size * size * 4 }, () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return state >>> 24;
  });
  return { images, labels: Int32Array.from({ length: batch }, (_, i) => i % 2) };
}

/** Benchmarks that are modules of `bench/`, each with `run(args)`. */
const MODULES = ["augment", "models", "plan"];

/** Runs a benchmark and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const [what = "", ...rest] = args;
  if (what === "data") return await (await import("./bench/data.ts")).run(rest);
  if (MODULES.includes(what)) return await (await import(`../bench/${what}.ts`)).run(rest);
  const reader = withTuningFlags(
    stepCommand("bench step", "Times training steps on made-up images."),
  );
  if (what !== "step" && what !== "--help") {
    throw new UsageError(
      `Cannot measure ${what || "nothing"}: one of step, data, ${MODULES.join(", ")} was needed`,
    );
  }
  const parsed = parseFlags<StepFlags & TuningFlags>(reader, what === "--help" ? [what] : rest);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  requireTuning(flags);
  const { model, size, batch, steps, seed } = flags;
  const device = await openDevice(flags);
  const examples = madeUpExamples(flags);
  const rates = { learningRate: 1e-3 };

  let start = performance.now();
  const session = await Session.create(device, {
    ...{ model, size, batch, seed, classes: 2, train: true },
    optimizer: { name: "adam" },
    ...tuningOptions(flags, rates.learningRate),
  });
  session.step(examples, rates);
  await session.metrics();
  const firstStep = (performance.now() - start) / 1000;

  // Rounds of steps between two readings, as in training; the median round counts.
  const perRound = Math.min(4, steps);
  const seconds: number[] = [];
  const calls = countCalls();
  for (let done = 0; done < steps; done += perRound) {
    start = performance.now();
    calls.on = true;
    for (let i = 0; i < perRound; i++) session.step(examples, rates);
    calls.on = false;
    await session.metrics();
    seconds.push((performance.now() - start) / 1000);
  }
  const median = seconds.sort((a, b) => a - b)[seconds.length >> 1]!;
  const result = {
    "img_per_s": round(perRound * batch / median),
    "first_step_s": round(firstStep),
    dispatches: session.plan.dispatches,
    submits: calls.submits / (seconds.length * perRound),
    "buffers_created": calls.buffers / (seconds.length * perRound),
    "bytes_per_image": Math.round(session.plan.bytesPerImage),
    adapter: device.name,
  };
  session.destroy();
  if (flags.json) console.log(JSON.stringify(result));
  else {for (const [name, value] of Object.entries(result)) {
      console.log(`${name.padEnd(16)} ${value}`);
    }}
  return 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
