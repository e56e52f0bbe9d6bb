/** The flags of `train` that say what weights a run begins with. Reads no file. */

import { pretrainedInfo } from "../models/mod.ts";
import { UsageError } from "./errors.ts";
import type { Command } from "./flags.ts";

/** Where weights come from that are not chance. */
export interface WeightFlags {
  /** A file. */
  readonly weights?: string;
  /** timm's tag of that file. */
  readonly tag?: string;
  /** timm's tag of published weights; false for none, though they may be here. */
  readonly pretrained?: string | false;
}

/** Gives a command these flags. */
export function withWeightFlags(command: Command): Command {
  return command
    .option("--weights <file>", "initial weights: safetensors, .pth of PyTorch, or a checkpoint")
    .option(
      "--tag <name>",
      "timm's tag of --weights, which images fit (default: the model's first)",
    )
    .option(
      "--pretrained [tag]",
      "initial weights that timm published, from the Hugging Face Hub (default: the model's first; " +
        "without this flag, those that were downloaded earlier)",
    )
    .option("--no-pretrained", "begin at random, whatever was downloaded");
}

/**
 * The tag that `--pretrained`, with or without one, stands for. Throws UsageError for a tag that there
 * is not, with the nearest, and beside flags that name other weights.
 */
export function publishedTag(
  { model, weights, tag, pretrained }: WeightFlags & { readonly model: string },
): string | undefined {
  if (pretrained === undefined || pretrained === false) return undefined;
  if (weights !== undefined) {
    throw new UsageError("Cannot use --weights and --pretrained together: one of them was needed");
  }
  if (tag !== undefined) {
    throw new UsageError("Cannot use --tag with --pretrained: --pretrained TAG was needed");
  }
  try {
    // Commander has `true` for a flag without its optional value.
    return pretrainedInfo(model, typeof pretrained === "string" ? pretrained : undefined).tag;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message);
  }
}
