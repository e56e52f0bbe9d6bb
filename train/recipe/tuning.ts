/** The options of fine-tuning: what of a model is trained, how fast, and at what cost of memory. Trains nothing. */

import { declare } from "../../engine/nn/scope.ts";
import { type FreezeOptions, frozenStages, stagesOf } from "../../engine/nn/stages.ts";
import { modelInfo } from "../../models/mod.ts";
import type { RateOptions } from "../rates.ts";
import type { SessionOptions } from "../session_options.ts";
import { UsageError } from "./usage_error.ts";

/** What they are when read; all may be left out. */
export interface TuningFlags {
  readonly freeze?: number | "backbone";
  readonly frozenNorm?: boolean;
  readonly headLr?: number;
  readonly layerDecay?: number;
  readonly recompute?: boolean;
}

/** The stages of a model that `freeze` leaves as they are, by name. Throws UsageError where it has fewer. */
export function frozenNames(model: string, freeze: TuningFlags["freeze"]): readonly string[] {
  const { build, size } = modelInfo(model);
  const { all } = declare(build({ classes: 2 }), [1, size, size, 3]);
  const names = stagesOf(all).map((s) => s.name);
  if (typeof freeze === "number" && freeze >= names.length) {
    throw new UsageError(
      `Cannot use --freeze ${freeze}: ${model} has ${names.length} stages (${names.join(", ")}), ` +
        `at most ${names.length - 1} was needed`,
    );
  }
  return frozenStages(all, freeze).map((s) => s.name);
}

/** Throws UsageError where flags contradict each other or the model. */
export function requireTuning(flags: TuningFlags & { readonly model: string }): void {
  const { model, freeze } = flags;
  if (freeze === undefined) return;
  const alone = frozenNames(model, freeze).length === frozenNames(model, "backbone").length;
  const [flag, why] = !alone
    ? []
    : flags.headLr !== undefined
    ? ["head-lr", "only the classifier is trained, its learning rate is --lr"]
    : flags.layerDecay !== undefined
    ? ["layer-decay", "only the classifier is trained, its learning rate is --lr"]
    : flags.frozenNorm
    ? ["frozen-norm", "all norms are frozen already"]
    : flags.recompute
    ? ["recompute", "there is no backward pass through blocks"]
    : [];
  if (flag === undefined) return;
  throw new UsageError(
    `Cannot use --${flag} with --freeze ${freeze}: ${why}, one of them was needed`,
  );
}

/** What a session needs to know of them; `lr` is the learning rate of all but the classifier. */
export function tuningOptions(
  flags: TuningFlags,
  lr: number,
): FreezeOptions & RateOptions & Pick<SessionOptions, "recompute"> {
  const { freeze, frozenNorm = false, headLr = lr, layerDecay = 1, recompute = false } = flags;
  return {
    ...(freeze !== undefined && { freeze }),
    ...{ frozenNorm, headFactor: headLr / lr, layerDecay, recompute },
  };
}

/** What a person may have overlooked; undefined where nothing. */
export function tuningWarning(
  { freeze, frozenNorm }: TuningFlags,
  pretrained: boolean,
): string | undefined {
  if (pretrained || freeze === undefined && !frozenNorm) return undefined;
  return freeze === undefined
    ? "The norms are frozen as they begin, without statistics of any images: neither --weights nor --pretrained was given"
    : "The frozen stages stay at random weights: neither --weights nor --pretrained was given";
}
