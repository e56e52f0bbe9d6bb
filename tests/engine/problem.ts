/** A case of the table as a problem: its graph with gradients, and numbers to feed it. No tests. */

import { strict as assert } from "node:assert";
import { gradients } from "../../engine/autodiff.ts";
import { isFeatureMap } from "../../engine/compile/formats.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { uniform } from "../../engine/ops/dropout.ts";
import { mul } from "../../engine/ops/pointwise.ts";
import { sum } from "../../engine/ops/sum.ts";
import { type Case, declare } from "./cases/case.ts";

/** A case with numbers to feed and all that is asked of it. */
export interface Problem {
  readonly inputs: readonly Tensor[];
  readonly y: Tensor;
  /** Σ y·r for a random r, and its gradients by the inputs the case names. */
  readonly loss: Tensor;
  readonly wrt: readonly Tensor[];
  readonly grads: readonly Tensor[];
  readonly feeds: Map<Tensor, Float64Array>;
}

/** `count` numbers in a range that float32 holds exactly. */
export function numbers(count: number, seed: number, [low, high]: readonly [number, number]) {
  const at = (i: number) => Math.fround(low + (high - low) * uniform(seed, i));
  return Float64Array.from({ length: count }, (_, i) => at(i));
}

/**
 * The problem of a case. With `keep`, the op computes from what that makes of its inputs, which are numbers that
 * halves hold, and what it computes goes through `keep` too.
 */
export function problem(row: Case, keep?: (t: Tensor) => Tensor): Problem {
  const inputs = declare(row);
  const y = keep ? keep(row.build(...inputs.map(keep))) : row.build(...inputs);
  const r = input("r", y.shape);
  const loss = sum(mul(y, r));
  const wrt = (row.wrt ?? inputs.map((_, i) => i)).map((i) => inputs[i]!);
  const feeds = new Map(inputs.map((t, i) => {
    const range = row.range?.[i] ?? [-2, 2];
    const limits = typeof range === "number" ? row.range as [number, number] : range;
    const values = row.bytes && i === 0
      ? numbers(t.size, i + 1, [0, 255]).map((v) => Math.round(v) / 255)
      : numbers(t.size, i + 1, limits);
    return [t, row.whole ? values.map(Math.round) : values];
  }));
  feeds.set(r, numbers(r.size, 99, [-1, 1]));
  for (const [t, values] of feeds) {
    if (keep && isFeatureMap(t)) values.forEach((v, i) => values[i] = Math.f16round(v));
  }
  return { inputs, y, loss, wrt, grads: wrt.length ? gradients(loss, wrt) : [], feeds };
}

/** Largest difference, relative to the largest expected value. */
export function error(actual: ArrayLike<number>, expected: Float64Array): number {
  assert.equal(actual.length, expected.length);
  const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0) || 1;
  const worst = expected.reduce((m, v, i) => {
    const d = Math.abs(actual[i]! - v);
    return d <= m ? m : d; // NaN stays
  }, 0);
  return worst / scale;
}

/** What to feed a device: bytes for images, four a pixel. */
export function deviceFeeds(row: Case, p: Problem): Map<Tensor, ArrayLike<number>> {
  return new Map([...p.feeds].map(([t, v]) => [t, deviceFeed(row, t, p.inputs.indexOf(t), v)]));
}

function deviceFeed(row: Case, t: Tensor, i: number, values: Float64Array): ArrayLike<number> {
  if (!row.bytes || i !== 0) return values;
  return Uint8Array.from(
    { length: t.size / 3 * 4 },
    (_, j) => j % 4 === 3 ? 7 : Math.round(values[Math.floor(j / 4) * 3 + j % 4]! * 255),
  );
}
