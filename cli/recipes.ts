/** Recipes: options of `train` under a name, and which one a run takes when none is named. Reads no flags. */

import type { Recipe } from "./train_flags.ts";

/** Options with a name. */
export interface NamedRecipe {
  /** What it is for, one sentence. */
  readonly about: string;
  /** What is said nowhere else is taken from here. */
  readonly options: Partial<Recipe>;
}

/** Stops a run that no longer gets better. */
const PATIENCE = 5;

/** The recipes. A run saves the options it took, so that one may change without changing any run. */
export const RECIPES = {
  "fine-tune": {
    about:
      "from trained weights: one cycle, most of it a fall; stops when it no longer gets better",
    options: {
      ...{ epochs: 10, batch: 32, optimizer: "adam", lr: 1e-3, weightDecay: 0 },
      ...{ schedule: "one-cycle", patience: PATIENCE },
    },
  },
  scratch: {
    about: "from random weights: longer, a higher learning rate",
    options: {
      ...{ epochs: 30, batch: 32, optimizer: "adam", lr: 2e-3, weightDecay: 0 },
      ...{ schedule: "one-cycle", patience: 2 * PATIENCE },
    },
  },
  reference: {
    // Adam 0.005, StepLR(4, 0.85), cross-entropy, 10 epochs, both flips: the public baseline of the FFDI competition.
    about: "the FFDI competition's public baseline, to the letter",
    options: {
      ...{ epochs: 10, batch: 32, optimizer: "adam", lr: 5e-3, weightDecay: 0 },
      ...{ schedule: "step", stepEvery: 4, gamma: 0.85, labelSmoothing: 0, drop: 0, dropPath: 0 },
      ...{ augment: "flips", patience: 0 },
    },
  },
  demo: {
    about: "the demo set in a minute on two cores: what train does without data",
    options: {
      ...{ model: "resnet18", pretrained: false, size: 48, epochs: 5, batch: 16 },
      ...{ optimizer: "adam", lr: 2e-3, weightDecay: 0, schedule: "one-cycle", patience: 0 },
    },
  },
} as const satisfies Readonly<Record<string, NamedRecipe>>;

/** Name of a recipe. */
export type RecipeName = keyof typeof RECIPES;

/** Names of all recipes. */
export const RECIPE_NAMES = Object.keys(RECIPES) as readonly RecipeName[];

/** The recipe of a run for which none is named. */
export function recipeFor(
  { demo, trained }: { readonly demo: boolean; readonly trained: boolean },
): RecipeName {
  return demo ? "demo" : trained ? "fine-tune" : "scratch";
}

/** The recipes and what each of them sets, in lines of help. */
export function recipeHelp(): string {
  const rows = Object.entries<NamedRecipe>(RECIPES).map(([name, { about, options }]) => {
    const values = Object.entries(options).map(([key, value]) => `${key} ${value}`).join(", ");
    return `  ${name.padEnd(11)}${about}\n  ${"".padEnd(11)}${values}`;
  });
  return ["Recipes: options that neither a flag nor --config gives", ...rows].join("\n");
}
