/** The flags of `train` that say what several ranks exchange. They mean nothing to a process alone. */

import type { Wire } from "../train/wire.ts";
import { type Command, oneOf, whole } from "./flags.ts";

/** What they are when read. */
export interface RanksFlags {
  /** As what gradients travel; f32 where it is left out. */
  readonly wire?: Wire;
  /** Steps that ranks take apart before they meet; they take each together where it is left out. */
  readonly syncEvery?: number;
}

/** Gives a command these flags, under a heading of their own. */
export function withRanksFlags(command: Command): Command {
  return command.optionsGroup("Several ranks (mpirun, srun):")
    .option(
      "--wire <format>",
      "as what gradients travel between ranks: f32, or f16, half the bytes (default: f32)",
      oneOf(["f32", "f16"]),
    )
    .option(
      "--sync-every <steps>",
      "steps that each rank takes apart, before all meet in a step of their own (default: none are)",
      whole(1),
    );
}
