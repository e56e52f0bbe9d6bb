/** What a model's weights should be, what a file has, and of which model it is. Loads nothing. */

import { declare } from "../engine/nn/scope.ts";
import { entries } from "../engine/nn/variables.ts";
import { sameShape, type Shape } from "../engine/shape.ts";
import { modelInfo, modelNames } from "./mod.ts";
import type { Weight } from "./safetensors.ts";

/** Shapes by name. */
export type Shapes = ReadonlyMap<string, Shape>;

/** Why weights are not those of a model. All lists empty where they are. */
export interface Differences {
  /** "conv1.weight [64,3,7,7]". */
  readonly missing: readonly string[];
  /** "head.weight [10,512]". */
  readonly unexpected: readonly string[];
  /** "fc.weight is [10,512], [2,512] was needed". */
  readonly different: readonly string[];
}

/** Whether a name is that of a classifier, the only layer whose shape depends on the number of classes. */
export function isHead(name: string): boolean {
  return /^(fc|classifier)\./.test(name);
}

/** Whether a name is that of a counter of batches, which models can do without. */
export function isCounter(name: string): boolean {
  return name.endsWith(".num_batches_tracked");
}

/** Names and shapes of a model's weights in files, counters left out. Throws RangeError as `modelInfo`. */
export function weightShapes(model: string, classes: number): Shapes {
  const { build, size } = modelInfo(model);
  const { all } = declare(build({ classes }), [1, size, size, 3]);
  return new Map(all.flatMap(entries).map(({ key, shape }) => [key, shape]));
}

/** Compares weights with the shapes they should have. */
export function differences(expected: Shapes, found: ReadonlyMap<string, Weight>): Differences {
  const missing: string[] = [];
  const different: string[] = [];
  for (const [name, shape] of expected) {
    const weight = found.get(name);
    if (!weight) missing.push(`${name} [${shape}]`);
    else if (weight.dtype !== "F32") different.push(`${name} is ${weight.dtype}, F32 was needed`);
    else if (!sameShape(weight.shape, shape)) {
      different.push(`${name} is [${weight.shape}], [${shape}] was needed`);
    }
  }
  const unexpected: string[] = [];
  for (const [name, { dtype, shape, data }] of found) {
    if (expected.has(name)) continue;
    const norm = isCounter(name) && expected.has(name.replace(/\w+$/, "running_mean"));
    if (!norm) unexpected.push(`${name} [${shape}]`);
    else if (dtype !== "I64" || data.length !== 8) {
      different.push(`${name} is ${dtype} [${shape}], a count was needed`);
    }
  }
  return { missing, unexpected, different };
}

/** Differences as lines: for each kind how many, and the first `most` of them. */
export function describeDifferences(found: Differences, most = 10): string[] {
  const kinds = [
    ["missing", found.missing],
    ["unexpected", found.unexpected],
    ["of another shape or type", found.different],
  ] as const;
  return kinds.flatMap(([kind, list]) => {
    if (list.length === 0) return [];
    const more = list.length > most ? [`  and ${list.length - most} more`] : [];
    const first = list.slice(0, most).map((line) => `  ${line.slice(0, 160)}`);
    return [`${list.length} ${kind}:`, ...first, ...more];
  });
}

/** The model of the registry that has nearly all names and shapes of these weights, if one clearly does. */
export function recognizeModel(found: ReadonlyMap<string, Weight>): string | undefined {
  const weights = [...found].filter(([name]) => !isHead(name) && !isCounter(name));
  const scored = modelNames.map((model) => {
    const shapes = [...weightShapes(model, 2)].filter(([name]) => !isHead(name));
    const known = new Map(shapes);
    const same = weights.filter(([name, { shape }]) => {
      const other = known.get(name);
      return other && sameShape(shape, other);
    });
    return { model, share: same.length / Math.max(weights.length, shapes.length) };
  });
  const best = scored.reduce((a, b) => b.share > a.share ? b : a);
  return best.share > 0.9 ? best.model : undefined;
}
