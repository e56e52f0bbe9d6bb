/** The flags of an update: how many batches it takes and how gradients are clipped. Trains nothing. */

import type { SessionOptions } from "../train/session.ts";
import type { ClipOptions } from "../train/update.ts";
import { type Command, positive, whole } from "./flags.ts";

/** What they are when read. */
export interface OptimizerFlags extends ClipOptions {
  readonly accumulate: number;
}

/** `command` with the flags of an update, under a heading of their own. */
export function withOptimizerFlags(command: Command): Command {
  return command
    .optionsGroup("Updates:")
    .option(
      "--accumulate <n>",
      "batches a step: gradients are averaged over them, norms still see one batch",
      whole(1),
      1,
    )
    .option("--clip-norm <x>", "scale all gradients down to this norm together", positive)
    .option("--clip-value <x>", "bound every number of the gradients", positive)
    .option(
      "--clip-units <x>",
      "bound the gradient of each output channel by x times the norm of its weights; not of the classifier",
      positive,
    );
}

/** What a session needs to know of them. */
export function updateOptions(
  { accumulate, clipNorm, clipValue, clipUnits }: OptimizerFlags,
): Pick<SessionOptions, "accumulate"> & ClipOptions {
  return { accumulate, clipNorm, clipValue, clipUnits };
}

/** In words, what is out of the ordinary. */
export function describeUpdate(
  { accumulate, clipNorm, clipValue, clipUnits }: OptimizerFlags,
): readonly string[] {
  return [
    ...accumulate > 1 ? [`${accumulate} batches a step`] : [],
    ...clipUnits === undefined ? [] : [`channels clipped to ${clipUnits} of their weights`],
    ...clipValue === undefined ? [] : [`gradients clipped to ±${clipValue}`],
    ...clipNorm === undefined ? [] : [`gradients clipped to norm ${clipNorm}`],
  ];
}
