/** From what a person asked for to all options of a run, without a command line. Opens no file. */

import { DEFAULTS } from "./defaults.ts";
import { requireLoss } from "./loss.ts";
import { momentumOf, requireOptimizer } from "./optimizer.ts";
import type { RunRecipe } from "./recipe.ts";
import { optionsBeside, recipeFor, type RecipeName } from "./recipes.ts";
import { gammaOf, requireSchedule } from "./schedule.ts";
import type { AskedSizes } from "./start.ts";
import { requireTuning } from "./tuning.ts";

/** Options of a run, some of them. */
export type AskedRecipe = Partial<RunRecipe> & {
  /** What fills in the rest; by the data and the weights if not given. */
  readonly recipe?: RecipeName | "auto";
};

/** All options of a run but sizes that were not asked for. */
export type ResolvedRecipe =
  & Omit<RunRecipe, "size" | "resize">
  & AskedSizes
  & { readonly recipe: RecipeName };

/**
 * Fills in what was not asked for: by the recipe, then by what holds without one. Throws UsageError for options that
 * contradict each other, in the words of the flags.
 */
export function resolveRecipe(
  asked: AskedRecipe,
  start: { readonly demo: boolean; readonly trained: boolean },
): ResolvedRecipe {
  const given: AskedRecipe = Object.fromEntries(
    Object.entries(asked).filter(([, value]) => value !== undefined),
  );
  const recipe = given.recipe === undefined || given.recipe === "auto"
    ? recipeFor(start)
    : given.recipe;
  const { pretrained: _, ...options } = optionsBeside(recipe, given);
  const all: ResolvedRecipe = { ...DEFAULTS, ...options, ...given, recipe };
  const flags = all.optimizer === "schedule-free" && given.schedule === undefined
    ? { ...all, schedule: "constant" as const }
    : all;
  const isGiven = (name: string) => Object.hasOwn(given, name);
  requireOptimizer(flags, isGiven);
  requireSchedule(flags, isGiven);
  requireLoss(flags, isGiven);
  requireTuning(flags);
  const [momentum, gamma] = [momentumOf(flags), gammaOf(flags)];
  return {
    ...flags,
    ...(momentum !== undefined && { momentum }),
    ...(gamma !== undefined && { gamma }),
  };
}
