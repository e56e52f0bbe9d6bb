/** Recipes: options of `train` under a name, and which one a run takes when none is named. Reads no flags. */

import type { RunRecipe } from "./recipe.ts";
import { flagName } from "./usage_error.ts";

/** Options with a name. */
export interface NamedRecipe {
  /** What it is for, one sentence. */
  readonly about: string;
  /** What is said nowhere else is taken from here. */
  readonly options: Partial<RunRecipe> & { readonly pretrained?: false };
}

/** AdamW along a cosine, an average of the weights, an end where nothing gets better: what both kinds of run share. */
const MODERN = {
  batch: 32,
  optimizer: "adamw",
  weightDecay: 0.05,
  schedule: "cosine",
  ema: 0.999,
} as const;

/** The recipes. A run saves the options it took, so that one may change without changing any run. */
export const RECIPES = {
  "fine-tune": {
    about:
      "from trained weights: AdamW along a cosine, averaged weights, stopped when nothing gets better",
    options: { ...MODERN, epochs: 10, lr: 1e-3, warmup: 1, patience: 5 },
  },
  scratch: {
    about: "from random weights: the same for longer, at a higher learning rate",
    options: { ...MODERN, epochs: 30, lr: 2e-3, warmup: 2, patience: 10 },
  },
  reference: {
    // Adam 0.005, StepLR(4, 0.85), cross-entropy, 10 epochs, both flips: the public baseline of the FFDI competition.
    about: "the FFDI competition's public baseline, to the letter",
    options: {
      ...{ epochs: 10, batch: 32, optimizer: "adam", lr: 5e-3, weightDecay: 0 },
      ...{ schedule: "step", stepEvery: 4, gamma: 0.85, labelSmoothing: 0, drop: 0, dropPath: 0 },
      ...{ augment: "flips", warmup: 0, ema: 0, patience: 0 },
    },
  },
  demo: {
    about: "the demo set in a minute on two cores: what train does without data",
    options: {
      ...{ model: "resnet18", pretrained: false, size: 48, epochs: 5, batch: 16 },
      ...{ optimizer: "adam", lr: 2e-3, weightDecay: 0, schedule: "one-cycle", ema: 0 },
    },
  },
} as const satisfies Readonly<Record<string, NamedRecipe>>;

/** Name of a recipe. */
export type RecipeName = keyof typeof RECIPES;

/** Names of all recipes. */
export const RECIPE_NAMES = Object.keys(RECIPES) as readonly RecipeName[];

/** Options of a recipe that are of use only with others of it, which somebody may have replaced. */
const COMPANIONS = {
  schedule: ["warmup", "stepEvery", "gamma"],
  optimizer: ["weightDecay"],
} as const;

/**
 * The options of a recipe beside those that were asked for: what goes with a replaced schedule or optimizer is left
 * out, and a warm-up is at most a fifth of the run.
 */
export function optionsBeside(
  name: RecipeName,
  asked: Readonly<Record<string, unknown>>,
): NamedRecipe["options"] {
  const options: Record<string, unknown> = { ...RECIPES[name].options };
  const other = (option: string) =>
    asked[option] !== undefined && asked[option] !== options[option];
  // One average is enough.
  if (asked.swa !== undefined || asked.optimizer === "schedule-free") delete options.ema;
  for (const [option, companions] of Object.entries(COMPANIONS)) {
    if (other(option)) { for (const companion of companions) delete options[companion]; }
  }
  const epochs = Number(asked.epochs ?? options.epochs);
  if (options.warmup) options.warmup = Math.min(Number(options.warmup), epochs / 5);
  return options;
}

/** The recipe of a run for which none is named. */
export function recipeFor(
  { demo, trained }: { readonly demo: boolean; readonly trained: boolean },
): RecipeName {
  return demo ? "demo" : trained ? "fine-tune" : "scratch";
}

/** The recipes and what each of them sets, in lines of help. */
export function recipeHelp(): string {
  const rows = Object.entries<NamedRecipe>(RECIPES).flatMap(([name, { about, options }]) => [
    `  ${name.padEnd(11)}${about}`,
    ...wrapped(Object.entries(options).map(([key, value]) => flag(key, value)), 86)
      .map((line) => `  ${"".padEnd(11)}${line}`),
  ]);
  return ["Recipes: flags that neither the command line nor --config gives", ...rows].join("\n");
}

/** An option as the flag that sets it. */
function flag(option: string, value: unknown): string {
  const name = flagName(option);
  return value === false ? `--no-${name}` : `--${name} ${value}`;
}

/** Parts in lines of at most so many characters. */
function wrapped(parts: readonly string[], columns: number): string[] {
  return parts.reduce<string[]>((lines, part) => {
    const line = [...lines.slice(-1), part].join(" ");
    return line.length > columns ? [...lines, part] : [...lines.slice(0, -1), line];
  }, []);
}
