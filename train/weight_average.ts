/** The mean of weights at the ends of epochs (stochastic weight averaging, Izmailov et al. 2018, arXiv:1803.05407). On the host. */

import { fromFloats, toFloats, type Weight } from "../models/safetensors.ts";

/** What the entries of a saved average begin with. */
const PREFIX = "average.";

/** Where it says how many weights it is the mean of. */
const COUNT = `${PREFIX}count`;

/** A mean that grows. */
export class WeightAverage {
  readonly #sums = new Map<string, Weight>();
  #count = 0;

  /** How many weights it is the mean of. */
  get count(): number {
    return this.#count;
  }

  /** The mean of none is undefined; entries that are no F32, counters, are those last added. */
  get weights(): ReadonlyMap<string, Weight> {
    return this.#sums;
  }

  /** Adds weights of the same entries. */
  add(weights: ReadonlyMap<string, Weight>): void {
    const share = 1 / ++this.#count;
    for (const [key, weight] of weights) {
      const before = this.#sums.get(key);
      if (!before || weight.dtype !== "F32") {
        this.#sums.set(key, weight);
        continue;
      }
      const [mean, fresh] = [toFloats(before), toFloats(weight)];
      const next = mean.map((m, i) => m + (fresh[i]! - m) * share);
      this.#sums.set(key, fromFloats(weight.shape, next));
    }
  }

  /** Entries to save it by; none before the first weights. */
  entries(): Map<string, Weight> {
    const saved = new Map<string, Weight>();
    if (this.#count === 0) return saved;
    for (const [key, weight] of this.#sums) saved.set(PREFIX + key, weight);
    return saved.set(COUNT, fromFloats([1], Float32Array.of(this.#count)));
  }

  /** Goes on from what was saved among `states`; gives the states that are not its own. */
  restore(states: ReadonlyMap<string, Weight>): Map<string, Weight> {
    const others = new Map<string, Weight>();
    this.#sums.clear();
    const count = states.get(COUNT);
    this.#count = count ? toFloats(count)[0]! : 0;
    for (const [key, weight] of states) {
      if (!key.startsWith(PREFIX)) others.set(key, weight);
      else if (key !== COUNT) this.#sums.set(key.slice(PREFIX.length), weight);
    }
    return others;
  }
}
