/** The flags of `train` that say when a run is saved and how it goes on after faults. Saves nothing. */

import { InvalidArgumentError } from "flags";
import { type Command, describedBy, whole } from "./flags.ts";
import { readSaveEvery, type SaveEvery } from "./interrupts.ts";

/** What they are when read. */
export interface SavingFlags {
  /** How often a run is saved within its epochs. */
  readonly saveEvery?: SaveEvery;
  /** How often a trainer that crashed is started again; true for as often as is usual. */
  readonly supervise?: number | true;
  /** Goes on though images are others than the run began with. */
  readonly allowDataChange?: boolean;
}

const saveEvery = describedBy<SaveEvery>({ type: ["string", "integer"] }, (text) => {
  const read = readSaveEvery(text);
  if (read) return read;
  throw new InvalidArgumentError("A time such as 10m or 30s, or a number of steps, was needed.");
});

/** Gives a command these flags. */
export function addSavingFlags(command: Command): Command {
  return command
    .option(
      "--save-every <often>",
      "save within epochs too, such as every 10m, 30s or 50 steps",
      saveEvery,
    )
    .option(
      "--supervise [times]",
      "start again from the last checkpoint after a crash or a lost device, 3 times at most",
      whole(1),
    )
    .option(
      "--allow-data-change",
      "with --resume, go on though images were added, removed or changed since",
    );
}
