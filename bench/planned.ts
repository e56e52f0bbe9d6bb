/** Training steps that are planned for a GPU, not run: their flags, and what one more image costs. Opens no device. */

import { type PrecisionFlag, withPrecisionFlag } from "../cli/precision_flags.ts";
import { type CommonFlags, newCommand, oneOf, parseFlags, whole } from "../cli/flags.ts";
import type { CompileOptions } from "../engine/compile/program.ts";
import { modelInfo, modelNames } from "../models/mod.ts";

/** Which step is planned. */
export interface PlanFlags extends CommonFlags, PrecisionFlag {
  readonly model: string;
  /** Height and width of the images, in pixels. */
  readonly size: number;
  /** Images in a batch. */
  readonly batch: number;
}

type Command = ReturnType<typeof newCommand>;

/** A command that plans steps. */
export interface PlanCommand {
  readonly name: string;
  readonly description: string;
  /** Images in a batch where no flag says it. */
  readonly batch: number;
  /** Adds flags of its own. */
  readonly extend?: (command: Command) => Command;
}

/** Limits that refuse no tensor: a plan is for devices that slice what they cannot bind. */
export const UNBOUND: CompileOptions = {
  maxBinding: Number.MAX_SAFE_INTEGER,
  maxBuffer: Number.MAX_SAFE_INTEGER,
};

/** The flags of a command, the size as the model's own where none is given; undefined after its help was shown. */
export function readPlanFlags<More = unknown>(
  args: readonly string[],
  { name, description, batch, extend = (command) => command }: PlanCommand,
): (PlanFlags & More) | undefined {
  const command = newCommand(name, description)
    .option("--model <name>", "model to train", oneOf(modelNames), "efficientnet_b0")
    .option("--size <px>", "height and width of the images (default: the model's)", whole(1))
    .option("--batch <n>", "images in a batch", whole(1), batch);
  withPrecisionFlag(command);
  const parsed = parseFlags<Omit<PlanFlags, "size"> & { readonly size?: number } & More>(
    extend(command),
    args,
  );
  if ("help" in parsed) {
    console.log(parsed.help);
    return undefined;
  }
  const { size = modelInfo(parsed.flags.model).size } = parsed.flags;
  return { ...parsed.flags, size };
}

/** What each image adds to a larger batch, where `cost` is that of a batch: what a step pays once is not in it. */
export function further(cost: (batch: number) => number, batch: number): number {
  return (cost(2 * batch) - cost(batch)) / batch;
}
