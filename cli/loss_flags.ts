/** The flags of the loss. What they stand for is in train/recipe/loss.ts. */

import { lossNames } from "../engine/nn/losses.ts";
import { type Command, describedBy, nonNegative, oneOf, positive, share } from "./flags.ts";

/** `command` with the flags of the loss, under a heading of their own. */
export function withLossFlags(command: Command): Command {
  return command
    .optionsGroup("Loss:")
    .option(
      "--loss <name>",
      "cross-entropy, bce (each class against the others) or focal",
      oneOf(lossNames),
    )
    .option("--label-smoothing <x>", "share of the target spread over all classes", share)
    .option(
      "--class-weights <list>",
      "auto, or a number for each class: 1,2.5",
      describedBy({ type: "string" }, classWeights),
    )
    .option("--focus <x>", "how little focal counts what is right already", nonNegative)
    .option("--bce-sum", "sum bce over classes, in place of the mean")
    .option("--bce-threshold <x>", "targets of bce above this are 1, others 0", share);
}

function classWeights(text: string): string {
  if (text === "auto") return text;
  for (const part of text.split(",")) positive(part);
  return text;
}
