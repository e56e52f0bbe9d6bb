/** What a run takes where neither a person nor a recipe says anything. Decides nothing else. */

import { MONITOR } from "../selection.ts";
import type { RunRecipe } from "./recipe.ts";

/** All options that are never left out but sizes, which follow from the weights. */
export const DEFAULTS: Omit<RunRecipe, "size" | "resize"> = {
  ...{ seed: 0, model: "efficientnet_b0", batch: 32, epochs: 10, drop: 0, dropPath: 0 },
  ...{ augment: "reference", augmentOn: "auto", logEvery: 10 },
  ...{ patience: 0, monitor: MONITOR, keepBest: 1 },
  ...{ optimizer: "adam", weightDecay: 0, accumulate: 1 },
  ...{ lr: 0.005, schedule: "step", stepEvery: 4, minLr: 0, cycles: 1, cycleStretch: 1 },
  ...{ cycleDecay: 1, exponent: 2, rise: 0.3, plateauPatience: 2, warmup: 0 },
  ...{ loss: "cross-entropy", focus: 2, labelSmoothing: 0 },
};
