/** A recipe in words, for the plan of a run. Decides nothing. */

import { describeUpdate } from "./optimizer_flags.ts";
import type { Recipe } from "./train_flags.ts";

/** The optimizer and schedule in words. */
export function describeRecipe(recipe: Recipe): { optimizer: string; schedule: string } {
  const { lr, headLr, layerDecay = 1, momentum, weightDecay, stepEvery, gamma } = recipe;
  const parts: string[] = [recipe.optimizer];
  if (momentum !== undefined) {
    parts.push(`momentum ${momentum}${recipe.nesterov ? " (Nesterov)" : ""}`);
  }
  if (weightDecay > 0) parts.push(`weight decay ${weightDecay}`);
  parts.push(...describeUpdate(recipe));
  const rate = [
    lr,
    ...headLr === undefined ? [] : [`(classifier ${headLr})`],
    ...layerDecay === 1 ? [] : [`× ${layerDecay} for each stage below the classifier`],
  ].join(" ");
  return {
    optimizer: parts.join(", "),
    schedule: {
      step: `learning rate ${rate}, × ${gamma} every ${stepEvery} epochs`,
      "one-cycle": `learning rate up to ${rate} in one cycle`,
      constant: `learning rate ${rate}`,
    }[recipe.schedule],
  };
}
