/** The file that describes a sweep: options that stay, options that are searched, and how. Runs nothing. */

import type { Dimension, SearchPlan } from "../train/search.ts";
import { membersOf, optionReader, parseConfig, plain, readOptions, type Refuse } from "./config.ts";
import { nearest } from "./flags.ts";
import { trainCommand } from "./train_flags.ts";

type Node = ReturnType<typeof parseConfig>["root"];

/** What a sweep file says. */
export interface SweepFile {
  /** Options that all trials have, as JSON has them. */
  readonly train: Readonly<Record<string, unknown>>;
  readonly search: ReadonlyMap<string, Dimension>;
  readonly method: SearchPlan["method"];
  readonly trials: number;
  readonly minEpochs: number;
  readonly eta: number;
  /** Decides which options are tried. */
  readonly seed: number;
}

const METHODS: readonly SearchPlan["method"][] = ["random", "halving", "hyperband"];
const NAMES = ["train", "search", "method", "trials", "minEpochs", "eta", "seed"];

/** Options that say how far a trial goes, which the search decides. */
const DECIDED = ["epochs", "monitor"];

/** Reads a sweep file. Throws UsageError, with line and column, for a mistake in it. */
export function readSweepFile(text: string, path: string): SweepFile {
  const { root, refuse } = parseConfig(text, path);
  const members = new Map(
    membersOf(root, { refuse, what: NAMES.join(", ") })
      .filter(({ name }) => name !== "$schema").map((member) => [member.name, member]),
  );
  for (const { name, key } of members.values()) {
    if (NAMES.includes(name)) continue;
    const near = nearest(name, NAMES);
    const hint = near === undefined
      ? `one of ${NAMES.join(", ")} was needed`
      : `did you mean "${near}"?`;
    throw refuse(key, `there is no "${name}" in a sweep, ${hint}`);
  }
  const whole = (name: string, least: number, usual: number) => {
    const node = members.get(name)?.value;
    if (node === undefined) return usual;
    if (Number.isSafeInteger(node.value) && node.value >= least) return node.value as number;
    throw refuse(
      node,
      `"${name}" is ${JSON.stringify(plain(node))}, a whole number from ${least} was needed`,
    );
  };
  const [train, searched, chosen] = ["train", "search", "method"].map((name) =>
    members.get(name)?.value
  );
  if (!searched) throw refuse(root, `"search", the options to try, was needed`);
  const method = chosen === undefined ? "random" : METHODS.find((name) => name === chosen.value);
  if (method === undefined) {
    throw refuse(
      chosen!,
      `"method" is ${JSON.stringify(plain(chosen!))}, one of ${METHODS.join(", ")} was needed`,
    );
  }
  if (train) readOptions(trainCommand(), train, refuse);
  return {
    train: train ? plain(train) as Record<string, unknown> : {},
    search: readSpace(searched, refuse),
    method,
    trials: whole("trials", 1, 16),
    minEpochs: whole("minEpochs", 1, 1),
    eta: whole("eta", 2, 3),
    seed: whole("seed", 0, 0),
  };
}

function readSpace(node: Node, refuse: Refuse): Map<string, Dimension> {
  const reader = optionReader(trainCommand(), refuse);
  const members = membersOf(node, { refuse, what: "options to try" });
  if (members.length === 0) throw refuse(node, "options to try were needed");
  return new Map(members.map(({ name, key, value }) => {
    if (DECIDED.includes(name)) {
      throw refuse(key, `"${name}" cannot be searched: trials are compared by it`);
    }
    return [name, readDimension(value, { read: reader(name, key), refuse })];
  }));
}

function readDimension(
  node: Node,
  { read, refuse }: { readonly read: (value: Node) => unknown; readonly refuse: Refuse },
): Dimension {
  const needed = 'a list of values, or {"min": 1e-4, "max": 1e-2, "log": true}, was needed';
  if (node.type === "array" && node.children?.length) {
    for (const value of node.children) read(value);
    return node.children.map(plain);
  }
  if (node.type !== "object") throw refuse(node, needed);
  const range: Record<string, unknown> = {};
  for (const { name, key, value } of membersOf(node, { refuse, what: "min, max, log, whole" })) {
    const number = name === "min" || name === "max";
    if (!number && name !== "log" && name !== "whole") throw refuse(key, needed);
    if (value.type !== (number ? "number" : "boolean")) {
      throw refuse(
        value,
        `"${name}" is ${JSON.stringify(plain(value))}, ${
          number ? "a number" : "true or false"
        } was needed`,
      );
    }
    if (number) read(value);
    range[name] = value.value;
  }
  const { min, max, log } = range as { min?: number; max?: number; log?: boolean };
  if (min === undefined || max === undefined) throw refuse(node, needed);
  if (!(max > min) || log && !(min > 0)) {
    throw refuse(
      node,
      `min ${min} and max ${max} are no range, rising ones${log ? " above 0" : ""} were needed`,
    );
  }
  return range as unknown as Dimension;
}
