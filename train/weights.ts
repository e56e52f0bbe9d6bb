/** Weights: the variables of a model on a device as the entries of a weight file, and back. */

import type { Arena, Entry } from "../engine/nn/variables.ts";
import { entries } from "../engine/nn/variables.ts";
import { isParameter, type Variables } from "../engine/nn/scope.ts";
import { sameShape } from "../engine/shape.ts";
import { fromFloats, toFloats, type Weight } from "../models/safetensors.ts";

/** The entries of one arena. */
export function decodeArena(arena: Arena, numbers: Float32Array): Map<string, Weight> {
  return new Map(
    arena.decode(numbers).map(({ key, shape, data }) => [key, fromFloats(shape, data)]),
  );
}

/** The numbers of one arena. Throws RangeError where an entry is missing, no F32 or of another shape. */
function encodeArena(
  arena: Arena,
  find: (key: string) => Weight | undefined,
): Float32Array {
  return arena.encode((entry) => {
    const weight = find(entry.key);
    const problem = mismatch(entry, weight);
    if (!weight || problem) throw new RangeError(`Cannot use the weights: ${problem}`);
    return toFloats(weight);
  });
}

/** A state: what its entries are called, and how it lies. */
export interface StateArena {
  /** Its entries are `name.key` for each key of the arena. */
  readonly name: string;
  readonly arena: Arena;
}

/** The numbers of states. Throws RangeError where entries are missing, unexpected, no F32 or of another shape. */
export function encodeStates(
  list: readonly StateArena[],
  states: ReadonlyMap<string, Weight>,
): Float32Array[] {
  const known = new Set(
    list.flatMap(({ name, arena }) =>
      arena.variables.flatMap(entries).map(({ key }) => `${name}.${key}`)
    ),
  );
  const other = [...states.keys()].find((key) => !known.has(key));
  if (other !== undefined) {
    const needed = [...new Set(list.map(({ name }) => name))].join(" and ") || "none";
    throw new RangeError(`Cannot use the states: ${other} is unexpected, ${needed} were needed`);
  }
  return list.map(({ name, arena }) => encodeArena(arena, (key) => states.get(`${name}.${key}`)));
}

/** What is wrong with the weight that was given for an entry. */
function mismatch({ key, shape }: Entry, weight: Weight | undefined): string | undefined {
  if (!weight) return `${key} is missing`;
  if (weight.dtype !== "F32") return `${key} is ${weight.dtype}, F32 was needed`;
  if (sameShape(weight.shape, shape)) return undefined;
  return `${key} is [${weight.shape}], [${shape}] was needed`;
}

const COUNTER = "num_batches_tracked";

/** The tensors of a model in the order of a PyTorch state dict, counters of batches among them. */
export function stateDict(
  { all }: Variables,
): (Entry & { readonly dtype: "F32" | "I64"; readonly learned: boolean })[] {
  return all.flatMap((v) => {
    const learned = v.layout !== "statistics";
    const floats = entries(v).map((entry) => ({ ...entry, dtype: "F32" as const, learned }));
    if (learned) return floats;
    return [...floats, { key: `${v.name}.${COUNTER}`, shape: [], dtype: "I64" as const, learned }];
  });
}

/** A counter as files have it: a scalar of 64 bits. */
function fromCount(count: number): Weight {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigInt64(0, BigInt(count), true);
  return { dtype: "I64", shape: [], data };
}

function toCount({ dtype, data }: Weight): number {
  if (dtype !== "I64" || data.length !== 8) {
    throw new RangeError(`Cannot use the weights: a counter is ${dtype}, one I64 was needed`);
  }
  return Number(new DataView(data.buffer, data.byteOffset).getBigInt64(0, true));
}

/** The arenas of a model. */
export const ARENAS = ["parameters", "statistics", "frozen"] as const;

/** The numbers of each. */
export type ArenaNumbers = Readonly<Record<typeof ARENAS[number], Float32Array>>;

/** What all variables begin with, the same whatever is frozen. */
export function initialNumbers({ all, ...arenas }: Variables, seed: number): ArenaNumbers {
  const order = all.filter(isParameter);
  return {
    parameters: arenas.parameters.initial(seed, order),
    statistics: arenas.statistics.initial(seed, order),
    frozen: arenas.frozen.initial(seed, order),
  };
}

/** All entries, in the order of a PyTorch state dict. `batches` counts those a norm has seen. */
export function decodeVariables(
  variables: Variables,
  numbers: ArenaNumbers,
  batches: (name: string) => number,
): Map<string, Weight> {
  const found = new Map(
    ARENAS.flatMap((name) => [...decodeArena(variables[name], numbers[name])]),
  );
  const ordered = new Map<string, Weight>();
  for (const variable of variables.all) {
    for (const { key } of entries(variable)) ordered.set(key, found.get(key)!);
    if (variable.layout === "statistics") {
      ordered.set(`${variable.name}.${COUNTER}`, fromCount(batches(variable.name)));
    }
  }
  return ordered;
}

/**
 * The arenas that hold `weights`, and the batches each norm has seen. Throws RangeError with a list of
 * what is missing, unexpected, no F32 or of another shape; counters of batches may be missing.
 */
export function encodeVariables(
  variables: Variables,
  weights: ReadonlyMap<string, Weight>,
): ArenaNumbers & { readonly batches: ReadonlyMap<string, number> } {
  const known = new Map(variables.all.flatMap(entries).map((e) => [e.key, e]));
  const norms = variables.all.filter((v) => v.layout === "statistics").map((v) => v.name);
  const counters = new Set(norms.map((name) => `${name}.${COUNTER}`));
  const problems = [
    ...[...known.values()].map((e) => mismatch(e, weights.get(e.key))),
    ...[...weights.keys()].filter((key) => !known.has(key) && !counters.has(key))
      .map((key) => `${key} is unexpected`),
  ].filter((p) => p !== undefined);
  if (problems.length) {
    const more = problems.length > 5 ? ` and ${problems.length - 5} more` : "";
    throw new RangeError(`Cannot use the weights: ${problems.slice(0, 5).join("; ")}${more}`);
  }
  const find = (key: string) => weights.get(key);
  const batches = norms.map((name) => {
    const counter = weights.get(`${name}.${COUNTER}`);
    return [name, counter ? toCount(counter) : 0] as const;
  });
  return {
    parameters: encodeArena(variables.parameters, find),
    statistics: encodeArena(variables.statistics, find),
    frozen: encodeArena(variables.frozen, find),
    batches: new Map(batches),
  };
}
