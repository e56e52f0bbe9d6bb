/** Training steps on made-up images, and their programs without a device: what benchmarks run on. */

import { compile } from "../engine/compile/mod.ts";
import type { CompileOptions, Program } from "../engine/compile/program.ts";
import { modelNames } from "../models/mod.ts";
import type { SessionOptions } from "../train/session.ts";
import { captureModel, captureTraining } from "../train/captured.ts";
import { limitsOf } from "../train/programs.ts";
import { type CommonFlags, newCommand, oneOf, whole } from "./flags.ts";
import { type PrecisionFlag, withPrecisionFlag } from "./precision_flags.ts";

/** Flags of the commands that run steps on made-up images. */
export interface StepFlags extends CommonFlags, PrecisionFlag {
  readonly model: string;
  readonly size: number;
  readonly batch: number;
  readonly steps: number;
  readonly power?: "high" | "low";
}

/** The flags of a command that runs steps on made-up images. */
export function stepCommand(name: string, description: string) {
  const command = newCommand(name, description)
    .option("--model <name>", "model to train", oneOf(modelNames), "efficientnet_b0")
    .option("--size <px>", "height and width of the images", whole(1), 64)
    .option("--batch <n>", "images in a batch", whole(1), 8)
    .option("--steps <n>", "steps to run after the first", whole(1), 20)
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
  return withPrecisionFlag(command);
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

/** What such steps train: two classes, by Adam. */
export function stepSession(
  { model, size, batch, seed, precision = "f32" }: Omit<StepFlags, "steps">,
): SessionOptions {
  const optimizer = { name: "adam" } as const;
  return { model, size, batch, seed, precision, classes: 2, train: true, optimizer };
}

/** The program of such a step for a device with the given limits. None is opened. */
export function stepProgram(
  flags: Pick<StepFlags, "model" | "size" | "batch" | "precision">,
  limits: CompileOptions = {},
): Program {
  const options = stepSession({ ...flags, seed: 0 });
  const { goal } = captureTraining(captureModel(options), options);
  return compile(goal, limitsOf(options, limits));
}
