/**
 * Ranks that take steps apart, each on batches of its own, and meet now and then to go on from the same weights. Takes
 * no step. Douillard et al. 2023, arXiv:2311.08105 (DiLoCo).
 */

import { fromFloats, toFloats, type Weight } from "../models/safetensors.ts";
import type { Ranks } from "./ranks.ts";
import type { Session } from "./session.ts";

/** How ranks meet. */
export interface LocalStepsOptions {
  /** Steps between two meetings. */
  readonly every: number;
  /** Of the outer step; 1 without momentum for the mean of all weights. Default 0.7. */
  readonly learningRate?: number;
  /** Nesterov's, of the outer step. Default 0.9. */
  readonly momentum?: number;
}

/** What a meeting needs of a session, whose options name no ranks. */
export type LocalSession = Pick<Session, "readWeights" | "writeWeights" | "readOptimizer">;

/** What the states of the outer step are called among those of an optimizer, before the key of a weight. */
export const OUTER = "outer.";

/** Meetings of one of several ranks. */
export class LocalSteps {
  readonly #session: LocalSession;
  readonly #ranks: Ranks;
  readonly #options: Required<LocalStepsOptions>;
  /** The weights of the last meeting. */
  #start: Map<string, Weight>;
  /** b of the outer step, by key; empty before the first meeting. */
  #momentum = new Map<string, Float32Array>();
  #since = 0;

  private constructor(
    session: LocalSession,
    ranks: Ranks,
    { every, learningRate = 0.7, momentum = 0.9 }: LocalStepsOptions,
    start: Map<string, Weight>,
  ) {
    this.#session = session;
    this.#ranks = ranks;
    this.#options = { every, learningRate, momentum };
    this.#start = start;
  }

  /**
   * Begins with the weights that a session has, which have to be those of all ranks, and the `states` of before.
   * Throws RangeError where ranks would
   * never meet, TypeError where the session evaluates other weights than it trains: these cannot be replaced.
   */
  static async begin(
    session: LocalSession,
    ranks: Ranks,
    options: LocalStepsOptions,
    states: ReadonlyMap<string, Weight> = new Map(),
  ): Promise<LocalSteps> {
    const { every } = options;
    if (!Number.isSafeInteger(every) || every < 1) {
      throw new RangeError(`Cannot meet every ${every} steps: a whole number from 1 was needed`);
    }
    const own = await session.readOptimizer();
    if ([...own.keys()].some((name) => name.startsWith("training."))) {
      throw new TypeError(
        "Cannot take steps apart: the session averages its weights, one that evaluates what it trains was needed",
      );
    }
    const begun = new LocalSteps(session, ranks, options, await session.readWeights());
    for (const [name, weight] of states) {
      if (name.startsWith(OUTER)) begun.#momentum.set(name.slice(OUTER.length), toFloats(weight));
    }
    return begun;
  }

  /** What going on needs beside what the session has: b by the key of its weight, after `OUTER`. */
  get states(): Map<string, Weight> {
    return new Map(
      [...this.#momentum].map(([key, b]) => [OUTER + key, fromFloats([b.length], b)] as const),
    );
  }

  /** Steps since the last meeting. */
  get since(): number {
    return this.#since;
  }

  /** To be called after each step: meets where it is time, and says whether it was. */
  async stepped(): Promise<boolean> {
    if (++this.#since < this.#options.every) return false;
    await this.meet();
    return true;
  }

  /**
   * Has all ranks go on from the same weights, bit for bit: g ← mean over ranks of (start − own weights), b ← μb + g,
   * weights ← start − lr · (g + μb); running statistics become their mean. States of optimizers stay each rank's own.
   */
  async meet(): Promise<void> {
    const own = await this.#session.readWeights();
    const keys = [...own].filter(([, { dtype }]) => dtype === "F32").map(([key]) => key);
    const starts = keys.map((key) => toFloats(this.#start.get(key)!));
    // Differences, so that what no rank has changed stays as it is, to the bit.
    const all = new Float32Array(starts.reduce((n, { length }) => n + length, 0));
    let at = 0;
    for (const [k, key] of keys.entries()) {
      const values = toFloats(own.get(key)!);
      starts[k]!.forEach((x, i) => all[at + i] = x - values[i]!);
      at += values.length;
    }
    await this.#ranks.allReduce(all);
    at = 0;
    const next = new Map(own);
    for (const [k, key] of keys.entries()) {
      const gradient = all.subarray(at, at += starts[k]!.length);
      next.set(key, fromFloats(own.get(key)!.shape, this.#moved(key, starts[k]!, gradient)));
    }
    this.#session.writeWeights(next);
    this.#start = next;
    this.#since = 0;
  }

  /** Bytes that a rank sends for its gradients or weights in so many steps, against those of a sum at every step. */
  bytes(steps: number): { readonly sent: number; readonly otherwise: number } {
    const floats = [...this.#start.values()].filter(({ dtype }) => dtype === "F32");
    const once = floats.reduce((n, { data }) => n + data.length, 0);
    return { sent: once * Math.floor(steps / this.#options.every), otherwise: once * steps };
  }

  /** Where a tensor goes on from, given its start and the sum over ranks of the differences from that. */
  #moved(key: string, start: Float32Array, sum: Float32Array): Float32Array {
    const follows = /running_(mean|var)$/.test(key);
    const learningRate = follows ? 1 : this.#options.learningRate;
    const momentum = follows ? 0 : this.#options.momentum;
    const before = this.#momentum.get(key) ?? new Float32Array(start.length);
    const gradient = sum.map((d) => d / this.#ranks.size);
    const b = before.map((x, i) => momentum * x + gradient[i]!);
    this.#momentum.set(key, b);
    return start.map((x, i) => x - learningRate * (gradient[i]! + momentum * b[i]!));
  }
}
