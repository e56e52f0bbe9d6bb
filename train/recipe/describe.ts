/** A recipe in words, for the plan of a run. Decides nothing. */

import { describeOptimizer } from "./optimizer.ts";
import { describeSchedule } from "./schedule.ts";
import type { RunRecipe } from "./recipe.ts";

/** The optimizer and schedule in words. */
export function describeRecipe(recipe: RunRecipe): { optimizer: string; schedule: string } {
  const { lr, headLr, layerDecay = 1 } = recipe;
  const rate = [
    lr,
    ...headLr === undefined ? [] : [`(classifier ${headLr})`],
    ...layerDecay === 1 ? [] : [`× ${layerDecay} for each stage below the classifier`],
  ].join(" ");
  const { loss, focus } = recipe;
  const goal = loss === "cross-entropy"
    ? ""
    : loss === "focal"
    ? `, focal loss ${focus}`
    : `, ${loss}`;
  return { optimizer: describeOptimizer(recipe) + goal, schedule: describeSchedule(recipe, rate) };
}
