/** What a run takes that nobody said: weights that are here already, a recipe and its options. */

import { downloadedWeights } from "./downloaded.ts";
import { type Command, given } from "./flags.ts";
import { optionsBeside, recipeFor } from "../train/recipe/recipes.ts";
import type { AskedFlags } from "./train_flags.ts";

/** Fills in what neither the command line nor a file says: weights that are here already, the recipe. */
export function applyRecipe(command: Command): void {
  const flags = command.opts<AskedFlags>();
  const demo = flags.data === undefined && flags.labels === undefined;
  if (!demo && flags.weights === undefined && flags.pretrained === undefined) {
    const { weights, tag, pretrained } = downloadedWeights(flags);
    command.setOptionValueWithSource("weights", weights, "default");
    command.setOptionValueWithSource("tag", tag, "default");
    command.setOptionValueWithSource("pretrained", pretrained, "default");
  }
  const { weights, pretrained } = command.opts<AskedFlags>();
  const trained = weights !== undefined || (pretrained !== undefined && pretrained !== false);
  const recipe = flags.recipe === "auto" ? recipeFor({ demo, trained }) : flags.recipe;
  const asked = Object.fromEntries(
    command.options.map((option) => option.attributeName())
      .filter((name) => given(command, name)).map((name) => [name, command.getOptionValue(name)]),
  );
  const options = { ...optionsBeside(recipe, asked), recipe };
  for (const option of command.options) {
    const name = option.attributeName();
    const usual = (options as Record<string, unknown>)[name] ?? option.defaultValue;
    const source = command.getOptionValueSource(name);
    // Saved options that are the recipe's own are not there because somebody asked for them.
    const same = source === "config" && command.getOptionValue(name) === usual;
    if (usual !== undefined && (same || !given(command, name))) {
      command.setOptionValueWithSource(name, usual, "recipe");
    }
  }
  command.setOptionValueWithSource("recipe", recipe, "recipe");
}
