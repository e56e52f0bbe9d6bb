/** Stages: the blocks a model consists of at its top, in the order of its variables. Holds no tensors. */

import type { Variable } from "./variables.ts";

/** A part of a model that fine-tuning treats as one. */
export interface Stage {
  /** What the names of its first variables begin with: `conv_stem`, `blocks.2`, `layer1`, `fc`. */
  readonly name: string;
  /** What it asks for, in that order. */
  readonly variables: readonly Variable[];
}

/** What of a model stays as it is while the rest is trained. */
export interface FreezeOptions {
  /**
   * How many stages, counted from the first, or "backbone": all but the last, the classifier. Their
   * parameters are not trained, and their norms use the running statistics and leave them as they are.
   */
  readonly freeze?: number | "backbone";
  /** Whether all norms do so; what they multiply and add is still learned above frozen stages. */
  readonly frozenNorm?: boolean;
}

/**
 * The stages of a model, the last one being its classifier. A stage is everything whose names are the
 * same up to their first number: `layer1` of `layer1.0.conv1`, `blocks.2` of `blocks.2.0.bn1`; without
 * one, up to the first dot. Norms that would be a stage alone belong to the one before.
 */
export function stagesOf(variables: readonly Variable[]): readonly Stage[] {
  const named = Map.groupBy(variables, ({ name }) => stageName(name));
  const stages: { readonly name: string; readonly variables: Variable[] }[] = [];
  for (const [name, members] of named) {
    const before = stages.at(-1);
    if (before && members.every(isNorm)) before.variables.push(...members);
    else stages.push({ name, variables: members });
  }
  return stages;
}

function stageName(name: string): string {
  const [first = "", second = ""] = name.split(".");
  return !/\d$/.test(first) && /^\d+$/.test(second) ? `${first}.${second}` : first;
}

function isNorm({ layout }: Variable): boolean {
  return layout === "affine" || layout === "statistics";
}

/** The stages that stay as they are. Throws RangeError, naming all, where there are not that many. */
export function frozenStages(
  variables: readonly Variable[],
  freeze: FreezeOptions["freeze"] = 0,
): readonly Stage[] {
  const stages = stagesOf(variables);
  const most = Math.max(stages.length - 1, 0);
  const count = freeze === "backbone" ? Math.max(most, 1) : freeze;
  if (!(Number.isInteger(count) && count >= 0 && count <= most)) {
    throw new RangeError(
      `Cannot freeze ${
        freeze === "backbone" ? "the backbone" : `${freeze} stages`
      }: the model has ` +
        `${stages.length} (${stages.map((s) => s.name).join(", ")}), ` +
        (most > 0 ? `at most ${most} was needed` : "2 or more were needed"),
    );
  }
  return stages.slice(0, count);
}

/** The variables that training leaves as they are. Throws RangeError as `frozenStages` does. */
export function frozenVariables(
  variables: readonly Variable[],
  { freeze, frozenNorm = false }: FreezeOptions,
): ReadonlySet<Variable> {
  const frozen = new Set(frozenStages(variables, freeze).flatMap((s) => s.variables));
  if (frozenNorm) {
    for (const v of variables) if (v.layout === "statistics") frozen.add(v);
  }
  return frozen;
}
