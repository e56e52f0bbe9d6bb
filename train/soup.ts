/** Model soups: the mean of the weights of several runs of one model, Wortsman et al. 2022, arXiv:2203.05482. Runs no model itself. */

import { sameShape } from "../engine/shape.ts";
import { fromFloats, toFloats, type Weight } from "../models/safetensors.ts";
import type { Scores } from "./metrics/scores.ts";

/** Weights that a soup may be made of. */
export interface Ingredient {
  readonly name: string;
  readonly weights: ReadonlyMap<string, Weight>;
}

/** What became of an ingredient. */
export interface Tasted {
  /** Of the ingredient. */
  readonly name: string;
  /** The validation AUC of the ingredient alone. */
  readonly auc: number;
  /** That of the soup with it, and with those kept before it. */
  readonly "soup_auc": number;
  /** Whether it is in the soup. */
  readonly kept: boolean;
}

/** A soup, never worse than the best of its ingredients unless it was to have all. */
export interface Soup {
  readonly weights: ReadonlyMap<string, Weight>;
  /** What was measured of it. */
  readonly scores: Scores;
  /** Every ingredient, the best alone first. */
  readonly tasted: readonly Tasted[];
}

/** How a soup is made. */
export interface SoupOptions {
  /** Whether all are kept, whatever comes of it. Default false: each only where the AUC is not less with it. */
  readonly uniform?: boolean | undefined;
  /** Called after each measurement. */
  readonly measured?: (() => void) | undefined;
}

/**
 * Adds ingredients to the best one, in the order of their AUC alone, as long as each leaves the AUC of the mean
 * as high as it was. `measure` says what weights are worth on validation images. Throws RangeError where there is
 * no ingredient, weights do not fit each other, or an AUC is undefined.
 */
export async function makeSoup(
  ingredients: readonly Ingredient[],
  measure: (weights: ReadonlyMap<string, Weight>) => Promise<Scores>,
  { uniform = false, measured }: SoupOptions = {},
): Promise<Soup> {
  const taste = async (weights: ReadonlyMap<string, Weight>, what: string) => {
    const scores = await measure(weights);
    measured?.();
    if (!Number.isNaN(scores.auc)) return scores;
    throw new RangeError(`Cannot compare ${what}: its AUC is undefined, a finite one was needed`);
  };
  const alone: { readonly ingredient: Ingredient; readonly scores: Scores }[] = [];
  for (const ingredient of ingredients) {
    alone.push({ ingredient, scores: await taste(ingredient.weights, ingredient.name) });
  }
  const [best, ...others] = alone.sort((a, b) => b.scores.auc - a.scores.auc);
  if (!best) throw new RangeError("Cannot make a soup of nothing: an ingredient was needed");
  const { name, weights } = best.ingredient;
  const { auc } = best.scores;
  const tasted: Tasted[] = [{ name, auc, "soup_auc": auc, kept: true }];
  const parts = [weights];
  let soup: Omit<Soup, "tasted"> = { weights, scores: best.scores };
  for (const { ingredient: { name, weights }, scores: { auc } } of others) {
    const mean = averageWeights([...parts, weights]);
    const scores = await taste(mean, `the soup with ${name}`);
    const kept = uniform || scores.auc >= soup.scores.auc;
    tasted.push({ name, auc, "soup_auc": scores.auc, kept });
    if (!kept) continue;
    parts.push(weights);
    soup = { weights: mean, scores };
  }
  return { ...soup, tasted };
}

/**
 * The mean of each tensor, running statistics of norms included; what is not F32, counters of batches, is that of
 * the first. Sums are float64. Throws RangeError where names or shapes differ.
 */
export function averageWeights(
  all: readonly ReadonlyMap<string, Weight>[],
): Map<string, Weight> {
  const [first = new Map<string, Weight>()] = all;
  return new Map([...first].map(([name, weight]) => {
    const { dtype, shape } = weight;
    const parts = all.map((weights) => weights.get(name));
    const other = parts.find((part) => part?.dtype !== dtype || !sameShape(part.shape, shape));
    if (other !== undefined || parts.includes(undefined)) {
      const is = other ? `${other.dtype} [${other.shape}]` : "missing";
      throw new RangeError(`Cannot average ${name}: it is ${is}, ${dtype} [${shape}] was needed`);
    }
    if (dtype !== "F32") return [name, weight];
    const numbers = parts.map((part) => toFloats(part!));
    const mean = numbers[0]!.map((_, i) =>
      numbers.reduce((sum, values) => sum + values[i]!, 0) / numbers.length
    );
    return [name, fromFloats(shape, mean)];
  }));
}
