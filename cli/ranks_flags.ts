/** The flags of `train` that say what several ranks exchange. They mean nothing to a process alone. */

import type { Wire } from "../train/wire.ts";
import { type Command, oneOf } from "./flags.ts";

/** What they are when read. */
export interface RanksFlags {
  /** As what gradients travel; f32 where it is left out. */
  readonly wire?: Wire;
}

/** Gives a command these flags, under a heading of their own. */
export function withRanksFlags(command: Command): Command {
  return command.optionsGroup("Several ranks (mpirun, srun):")
    .option(
      "--wire <format>",
      "as what gradients travel between ranks: f32, or f16, half the bytes (default: f32)",
      oneOf(["f32", "f16"]),
    );
}
