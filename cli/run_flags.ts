/** The flags of `train` that say how a run goes: its recipe, when it stops, what it keeps and checks. Trains nothing. */

import { type Command, oneOf, whole } from "./flags.ts";
import { RECIPE_NAMES, type RecipeName } from "./recipes.ts";

/** What they are when read. */
export interface RunFlags {
  /** A file of options. */
  readonly config?: string;
  /** Which recipe fills in what is said nowhere else; a run's own once it has begun. */
  readonly recipe: RecipeName | "auto";
  /** Epochs without a better one after which a run stops; 0: never. */
  readonly patience: number;
}

/** Gives a command these flags, under a heading of their own. */
export function addRunFlags(command: Command): Command {
  return command
    .optionsGroup("Run:")
    .option(
      "--config <file>",
      "options from a JSON file, such as the config.json of a run; flags win",
    )
    .option(
      "--recipe <name>",
      `what fills in the rest: ${
        RECIPE_NAMES.join(", ")
      }, or auto: fine-tune from trained weights, else ` +
        "scratch, and demo without data; listed below",
      oneOf(["auto", ...RECIPE_NAMES]),
      "auto",
    )
    .option("--patience <n>", "stop after n epochs without a better one; 0: never", whole(0), 0);
}
