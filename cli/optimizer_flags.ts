/** The flags of the optimizer. What they stand for is in train/recipe/optimizer.ts. */

import { isDecoupled, optimizerNames } from "../engine/optim/mod.ts";
import { takers } from "../train/recipe/optimizer.ts";
import { type Command, nonNegative, oneOf, positive, share, whole } from "./flags.ts";

/** `command` with the flags of the optimizer, under headings of their own. */
export function withOptimizerFlags(command: Command): Command {
  return command
    .optionsGroup("Optimizer:")
    .option("--optimizer <name>", optimizerNames.join(", "), oneOf(optimizerNames))
    .option("--momentum <x>", `of ${takers("momentum")} (default: 0.9)`, share)
    .option("--nesterov", "Nesterov's momentum, of sgd")
    .option("--beta1 <x>", `decay of mean gradients, of ${takers("beta1")}`, share)
    .option("--beta2 <x>", "decay of mean squares, of the same", share)
    .option("--epsilon <x>", "what divisors are kept above, of all but sgd and lion", positive)
    .option("--alpha <x>", "decay of mean squares, of rmsprop and rmsprop-tf", share)
    .option("--amsgrad", "divide by the largest mean square so far, of adam and adamw")
    .option("--centered", "divide by the deviation of gradients, of rmsprop and rmsprop-tf")
    .option(
      "--weight-decay <x>",
      "added to the gradient as x · weight; beside it, as lr · x · weight, with " +
        `${optimizerNames.filter(isDecoupled).join(", ")}`,
      nonNegative,
    )
    .option(
      "--decay-on <what>",
      "all, or weights without norms and biases (default: weights where decay stands beside the " +
        "gradient, else all)",
      oneOf(["all", "weights"]),
    )
    .option(
      "--accumulate <n>",
      "batches a step: gradients are averaged over them, norms still see one batch",
      whole(1),
    )
    .option(
      "--sync-bn",
      "norms see the batches of all ranks as one, and wait for them twice a step (default: each rank's own)",
    )
    .option("--clip-norm <x>", "scale all gradients down to this norm together", positive)
    .option("--clip-value <x>", "bound every number of the gradients", positive)
    .option(
      "--clip-units <x>",
      "bound the gradient of each output channel by x times the norm of its weights; not of the classifier",
      positive,
    )
    .option(
      "--ema <decay>",
      "evaluate and save a moving average of the weights that keeps this share of itself each step, such " +
        "as 0.999; less in the first steps; 0: none",
      share,
    )
    .option("--ema-constant", "the average decays by that from the first step")
    .option(
      "--swa <epochs>",
      "average the weights at the ends of the last n epochs: averaged.safetensors, and best where it is",
      whole(1),
    )
    .option("--swa-lr <x>", "learning rate of these epochs (default: by --schedule)", positive);
}
