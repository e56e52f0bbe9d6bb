/** The rounds that a pipeline needs on a device: which operations may happen where in an order. Runs none. */
import { rulesOf } from "./pipeline.ts";
import type { Drawn, Round, Step } from "./transforms/transform.ts";

/** Rounds that hold whatever `steps` choose for one image, in order. */
export function roundsOf(steps: readonly Step[]): readonly Round[] {
  const of = (step: Step): readonly Round[] => {
    const { rounds, operations } = rulesOf(step);
    return rounds?.(step.options ?? {}, of) ?? [{ operations: operations.map(({ name }) => name) }];
  };
  return steps.flatMap(of);
}

/**
 * What happens at each round; undefined where nothing does. Throws RangeError for operations that were not
 * chosen by the steps that the rounds are of.
 */
export function inRounds(
  drawn: readonly Drawn[],
  rounds: readonly Round[],
): readonly (Drawn | undefined)[] {
  const placed: (Drawn | undefined)[] = rounds.map(() => undefined);
  let from = 0;
  for (const one of drawn) {
    const at = rounds.findIndex(({ operations }, i) => i >= from && operations.includes(one.name));
    if (at < 0) {
      throw new RangeError(
        `Cannot do "${one.name}" on the device: none of ${rounds.length} rounds is left for it, ` +
          "a choice of the same pipeline was needed",
      );
    }
    placed[at] = one;
    from = at + 1;
  }
  return placed;
}
