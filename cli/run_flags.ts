/** The flags of `train` that say how a run goes: its recipe, when it stops, what it keeps and checks. Trains nothing. */

import { type Command, oneOf, whole } from "./flags.ts";
import { addSavingFlags, type SavingFlags } from "./saving_flags.ts";
import { SCORE_NAMES, type ScoreName } from "../train/metrics/scores.ts";
import { RECIPE_NAMES, type RecipeName } from "../train/recipe/recipes.ts";

/** What they are when read. */
export interface RunFlags extends SavingFlags {
  /** A file of options. */
  readonly config?: string;
  /** Which recipe fills in what is said nowhere else; a run's own once it has begun. */
  readonly recipe: RecipeName | "auto";
  /** Epochs without a better one after which a run stops; 0: never. */
  readonly patience: number;
  /** The score that says which epoch is better. */
  readonly monitor: ScoreName;
  /** How many of the best epochs' checkpoints are kept. */
  readonly keepBest: number;
  /** Sizes and the epochs of each: `128:4,224`. */
  readonly sizes?: string;
  /** The epoch after which to stop, for the run to be resumed later. */
  readonly until?: number;
  /** Looks at everything and takes no step. */
  readonly dryRun?: boolean;
  /** Batches to learn by heart, in place of a run. */
  readonly overfit?: number;
}

/** Flags that say what to do with options: they are no options themselves, stand in no file and are not saved. */
export const ONCE = [
  "config",
  "resume",
  "until",
  "dryRun",
  "overfit",
  "supervise",
  "allowDataChange",
] as const;

/** Gives a command these flags, under a heading of their own. */
export function addRunFlags(command: Command): Command {
  return addSavingFlags(command.optionsGroup("Run:"))
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
    .option("--patience <n>", "stop after n epochs without a better one; 0: never", whole(0))
    .option(
      "--monitor <score>",
      `what says which epoch is better: ${SCORE_NAMES.join(", ")}`,
      oneOf(SCORE_NAMES),
    )
    .option("--keep-best <n>", "checkpoints of the n best epochs: epoch-N.safetensors", whole(1))
    .option(
      "--sizes <list>",
      "images that grow, SIZE:EPOCHS each and the last size alone: 128:4,160:2,224",
    )
    .option("--until <epoch>", "stop after this epoch, for --resume to go on later", whole(1))
    .option("--dry-run", "read every image, plan the run, and take no step")
    .option(
      "--overfit <n>",
      "in place of a run, learn n batches by heart: what cannot do that is broken",
      whole(1),
    );
}
