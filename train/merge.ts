/** Parts of a prediction to the whole: nothing lost, nothing twice, nothing of another. Reads no file. */

import { DataError } from "../data/errors.ts";
import { idsOf, type Part, type PartPlan, stretchOf } from "./part.ts";
import type { Prediction } from "./predict.ts";

/** A part and the file it is from. */
export interface NamedPart {
  readonly path: string;
  readonly part: Part;
}

/** All parts as one. */
export interface Merged {
  readonly plan: PartPlan;
  /** Of all images, in their order. */
  readonly names: readonly string[];
  /** One for each checkpoint, as if one process had asked it. */
  readonly predictions: readonly Prediction[];
  /** What computed the parts, each once. */
  readonly devices: readonly string[];
}

/** What differs is named by one of these. */
const FIELDS: Readonly<Record<keyof PartPlan, string>> = {
  images: "another number of images",
  ids: "other images",
  checkpoints: "other checkpoints",
  classes: "other classes",
  average: "another --average",
  options: "other options",
  sample: "another --sample",
};

/** What a plan has that another has not, for people: "other checkpoints", or which option differs; else undefined. */
export function differenceOf(a: PartPlan, b: PartPlan): string | undefined {
  const same = (x: unknown, y: unknown) => JSON.stringify(x) === JSON.stringify(y);
  const field = (Object.keys(FIELDS) as (keyof PartPlan)[]).find((name) => !same(a[name], b[name]));
  if (field !== "options") return field && FIELDS[field];
  const names = [...new Set([...Object.keys(a.options), ...Object.keys(b.options)])]
    .filter((name) => !same(a.options[name], b.options[name]));
  return names.length === 0 ? FIELDS.options : `${FIELDS.options} (${names.join(", ")})`;
}

/**
 * The whole. Throws {@linkcode DataError} when a part is missing, there twice, or of another prediction than the
 * first: it names the file, or the part that is missing and what makes it.
 */
export async function mergeParts(parts: readonly NamedPart[]): Promise<Merged> {
  const [first] = parts;
  if (!first) throw new DataError("Cannot merge no part: at least one was needed");
  const { plan, shard: { count } } = first.part;
  const places = new Map<number, NamedPart>();
  for (const named of parts) {
    const { path, part: { shard, plan: other } } = named;
    const apart = shard.count === count
      ? differenceOf(plan, other)
      : `a division into ${shard.count} parts, not ${count}`;
    if (apart !== undefined) {
      throw new DataError(
        `Cannot merge ${path} with ${first.path}: it is of ${apart}, parts of one prediction were needed`,
      );
    }
    const before = places.get(shard.index);
    if (before) {
      throw new DataError(
        `Cannot merge ${path} with ${before.path}: both are part ${shard.index} of ${count}, ` +
          `each part once was needed`,
      );
    }
    places.set(shard.index, named);
  }
  requireAll(places, first.part);
  const ordered = Array.from({ length: count }, (_, i) => places.get(i)!.part);
  const names = ordered.flatMap((part) => part.names);
  if (await idsOf(names) !== plan.ids) {
    throw new DataError(
      `Cannot merge ${first.path} and the others: their names together are not those of the ` +
        `prediction, parts of it as they were written were needed`,
    );
  }
  const predictions = first.part.predictions.map((_, k) =>
    joined(ordered.map((part) => part.predictions[k]!))
  );
  const devices = [...new Set(ordered.map(({ device }) => device))].filter((name) => name !== "");
  return { plan, names, predictions, devices };
}

function requireAll(
  places: ReadonlyMap<number, NamedPart>,
  { shard: { count }, plan }: Part,
): void {
  const lost = Array.from({ length: count }, (_, i) => i).filter((i) => !places.has(i));
  if (lost.length === 0) return;
  const [index] = lost as [number];
  const { first, end } = stretchOf({ index, count }, plan.images);
  const which = lost.length === 1
    ? `part ${index} of ${count} (images ${first + 1} to ${end} of ${plan.images}) is`
    : `${lost.length} of ${count} parts (${lost.slice(0, 10).join(", ")}${
      lost.length > 10 ? ", …" : ""
    }) are`;
  throw new DataError(
    `Cannot merge: ${which} missing, all from 0 to ${count - 1} were needed; ` +
      `predict --shard ${index}/${count} makes ${lost.length === 1 ? "it" : "the first"}`,
  );
}

/** One checkpoint's answers, one behind the other. */
function joined(parts: readonly Prediction[]): Prediction {
  const { classes, views } = parts[0]!;
  const flat = (of: (part: Prediction) => ArrayLike<number>) => {
    const whole = new Float64Array(parts.reduce((n, part) => n + of(part).length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(of(part), at);
      at += of(part).length;
    }
    return whole;
  };
  const probabilities = flat((part) => part.probabilities);
  return {
    ...{ classes, views, probabilities },
    logits: flat((part) => part.logits),
    scatter: flat((part) => part.scatter),
    labels: new Int32Array(probabilities.length / classes).fill(-1),
  };
}
