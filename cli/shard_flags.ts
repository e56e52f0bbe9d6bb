/** The flag that says which part of the images is meant, also as a cluster says it. Divides nothing. */

import { InvalidArgumentError } from "flags";
import type { Shard } from "../train/part.ts";
import { UsageError } from "./errors.ts";
import type { Command } from "./flags.ts";

/** A part by its number, or as the environment says. */
export interface AskedShard {
  readonly index: number | "env";
  readonly count: number | "env";
}

/** Variables that say which part, the first that is there. */
const INDEX = ["JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID"] as const;

/** Variables that say how many parts there are. */
const COUNT = ["SHARD_COUNT", "SLURM_ARRAY_TASK_COUNT"] as const;

/** Gives a command the flags of a part. */
export function addShardFlags(command: Command): Command {
  return command
    .option(
      "--shard <i/n>",
      "predict part i, from 0, of n and write it to the folder --out, for merge; env/n: i as " +
        `${INDEX.join(" or ")} says; env: n as ${COUNT.join(" or ")} says, too`,
      readShard,
    )
    .option("--again", "with --shard: compute a part that is there already once more");
}

/** Reads the value of `--shard`. */
function readShard(text: string): AskedShard {
  const [, i, n] = /^(\d+|env)(?:\/(\d+))?$/.exec(text) ?? [];
  const index = i === "env" ? i : Number(i);
  const count = n === undefined ? "env" : Number(n);
  const whole = (value: number | "env") => value === "env" || Number.isSafeInteger(value);
  const possible = i !== undefined && whole(index) && whole(count) && count !== 0 &&
    (i === "env" || n !== undefined && Number(i) < Number(n));
  if (!possible) {
    throw new InvalidArgumentError(
      "A part i from 0 and their number n above it, as 3/7, env/7 or env, was needed.",
    );
  }
  return { index, count };
}

/** The part that is meant. Throws UsageError where the environment does not say, or says one beyond the last. */
export function shardOf(
  { index, count }: AskedShard,
  get: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Shard {
  const found = {
    count: count === "env" ? fromEnvironment(COUNT, get) : count,
    index: index !== "env" ? index : count === "env" ? placeOf(get) : fromEnvironment(INDEX, get),
  };
  if (found.count > 0 && found.index < found.count) return found;
  throw new UsageError(
    `Cannot use --shard: the environment says part ${found.index} of ${found.count}, ` +
      "a part from 0 and below their number was needed",
  );
}

/**
 * The place among all that the environment counts: Slurm's numbers begin where `--array` says, and may leave some
 * out evenly. Where the count is given the number itself is meant, so that an array of the lost ones makes those.
 */
function placeOf(get: (name: string) => string | undefined): number {
  const index = fromEnvironment(INDEX, get);
  if (get(INDEX[0]) !== undefined) return index;
  const least = Number(get("SLURM_ARRAY_TASK_MIN") ?? 0);
  const step = Number(get("SLURM_ARRAY_TASK_STEP") ?? 1);
  const from = (index - least) / step;
  if (Number.isSafeInteger(from) && from >= 0) return from;
  throw new UsageError(
    `Cannot use SLURM_ARRAY_TASK_ID ${index}: it is not SLURM_ARRAY_TASK_MIN ${least} and a multiple ` +
      `of SLURM_ARRAY_TASK_STEP ${step}, an array such as 0-6 was needed`,
  );
}

function fromEnvironment(
  names: readonly string[],
  get: (name: string) => string | undefined,
): number {
  const name = names.find((name) => get(name) !== undefined);
  const text = name === undefined ? "" : get(name)!;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(
    name === undefined
      ? `Cannot use --shard env: neither ${names.join(" nor ")} is set, one of them was needed`
      : `Cannot use --shard env: ${name} is "${text}", a whole number was needed`,
  );
}
