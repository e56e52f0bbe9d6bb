/** The flags of the learning rate over a run. What they stand for is in train/recipe/schedule.ts. */

import { InvalidArgumentError } from "flags";
import { GAMMA, SCHEDULE_NAMES as NAMES, SCHEDULES } from "../train/recipe/schedule.ts";
import {
  type Command,
  describedBy,
  factor,
  nonNegative,
  oneOf,
  positive,
  share,
  whole,
} from "./flags.ts";

/** `command` with the flags of the learning rate, under a heading of their own. */
export function withScheduleFlags(command: Command): Command {
  const of = (flag: string) =>
    NAMES.filter((name) => (SCHEDULES[name] as readonly string[]).includes(flag)).join(", ");
  const gammas = Object.entries(GAMMA).map(([name, gamma]) => `${gamma} of ${name}`).join(", ");
  return command
    .optionsGroup("Learning rate:")
    .option("--lr <x>", "learning rate; the largest one of a schedule", positive)
    .option("--schedule <name>", NAMES.join(", "), oneOf(NAMES))
    .option("--warmup <epochs>", "rise to it in a line first; not of one-cycle", nonNegative)
    .option("--warmup-lr <x>", "where the rise begins (default: a hundredth of --lr)", nonNegative)
    .option("--min-lr <x>", `the lowest, of ${of("minLr")}`, nonNegative)
    .option("--gamma <x>", `factor of each fall, of ${of("gamma")} (default: ${gammas})`, factor)
    .option("--step-every <epochs>", "epochs between two falls, of step", whole(1))
    .option(
      "--milestones <list>",
      "epochs at which it falls, of multi-step: 6,8",
      describedBy({ type: "string" }, milestones),
    )
    .option("--cycles <n>", "times that cosine begins anew, the first included", whole(1))
    .option("--cycle-stretch <x>", "how much longer each cycle is, of cosine", atLeastOne)
    .option("--cycle-decay <x>", "how much lower each cycle begins, of cosine", factor)
    .option("--exponent <x>", "of polynomial", positive)
    .option("--rise <share>", "share of the steps in which one-cycle rises", share)
    .option("--three-phases", "one-cycle falls as it rose, and only then to its end")
    .option(
      "--plateau-patience <n>",
      "epochs without a lower validation loss that plateau bears",
      whole(0),
    );
}

const atLeastOne = describedBy({ type: "number", minimum: 1 }, (text) => {
  const value = positive(text);
  if (value < 1) throw new InvalidArgumentError("A number from 1 was needed.");
  return value;
});

function milestones(text: string): string {
  const read = whole(1);
  const epochs = text.split(",").map((part) => read(part));
  if (epochs.every((e, i) => e > (epochs[i - 1] ?? 0))) return text;
  throw new InvalidArgumentError("Rising epochs were needed.");
}
