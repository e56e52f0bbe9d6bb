/** The options of the loss, and what they stand for. Trains nothing. */

import type { LossName } from "../../engine/nn/losses.ts";
import type { SessionOptions } from "../session_options.ts";
import { flagName, UsageError } from "./usage_error.ts";

/** What they are when read. */
export interface LossFlags {
  readonly loss: LossName;
  readonly focus: number;
  readonly bceSum?: boolean;
  readonly bceThreshold?: number;
  readonly labelSmoothing: number;
  /** `auto`, or a number for each class. */
  readonly classWeights?: string;
}

/** The loss that each flag is of, where it is of one. */
const ONLY = { focus: "focal", bceSum: "bce", bceThreshold: "bce" } as const;

/** Throws UsageError for flags of another loss. */
export function requireLoss(flags: LossFlags, isGiven: (name: string) => boolean): void {
  for (const [name, loss] of Object.entries(ONLY)) {
    if (flags.loss === loss || !isGiven(name)) continue;
    throw new UsageError(
      `Cannot use --${flagName(name)} with ${flags.loss}: --loss ${loss} was needed`,
    );
  }
}

/** What a session needs to know of them. Throws UsageError when `--class-weights` has another count. */
export function lossOptions(
  { loss, focus, bceSum, bceThreshold, labelSmoothing, classWeights: weights }: LossFlags,
  counts: readonly number[],
): Pick<
  SessionOptions,
  "loss" | "focus" | "sumClasses" | "threshold" | "labelSmoothing" | "classWeights"
> {
  const images = counts.reduce((sum, n) => sum + n, 0);
  const classWeights = weights === undefined
    ? undefined
    : weights === "auto"
    ? counts.map((n) => images / (counts.length * n))
    : weights.split(",").map(Number);
  if (classWeights !== undefined && classWeights.length !== counts.length) {
    throw new UsageError(
      `Cannot use --class-weights ${weights}: it has ${classWeights.length} numbers, ` +
        `one for each of ${counts.length} classes was needed`,
    );
  }
  return {
    ...{ loss, labelSmoothing, focus, sumClasses: bceSum, threshold: bceThreshold },
    ...(classWeights && { classWeights }),
  };
}
