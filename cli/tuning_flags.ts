/** The flags of fine-tuning. What they stand for is in train/recipe/tuning.ts. */

import { type Command, factor, positive, wholeOr } from "./flags.ts";

/** `command` with the flags of fine-tuning, under a heading of their own. */
export function withTuningFlags(command: Command): Command {
  return command
    .optionsGroup("Fine-tuning:")
    .option(
      "--freeze <stages>",
      "leave the first n stages as they are, or with `backbone` all but the classifier; their norms " +
        "use running statistics",
      wholeOr("backbone", 1),
    )
    .option(
      "--frozen-norm",
      "all norms use running statistics and leave them as they are: for tiny batches",
    )
    .option(
      "--head-lr <x>",
      "learning rate of the classifier (default: that of the rest)",
      positive,
    )
    .option(
      "--layer-decay <x>",
      "each stage learns at x times the rate of the one after it, the classifier at the full one",
      factor,
    )
    .option(
      "--recompute",
      "compute what is inside blocks again in the backward pass: less memory, more work",
    );
}
