/** Homes: which small values share a buffer, so that dispatches see no more buffers than they may. */

import type { Tensor } from "../graph.ts";
import { quads } from "../shape.ts";

/** A division of tensors into buffers: each of its own until `fit` brings some together. */
export class Homes {
  readonly #parents = new Map<Tensor, Tensor>();

  /** `within` gives the pack a value is part of; those that `mayShare` allows can be brought together. */
  constructor(
    readonly limit: number,
    readonly within: (t: Tensor) => Tensor,
    readonly mayShare: (t: Tensor) => boolean,
  ) {}

  /** What stands for the buffer of `t`. */
  of(t: Tensor): Tensor {
    let home = this.within(t);
    for (let next; (next = this.#parents.get(home)); home = next);
    return home;
  }

  /** Makes a dispatch see at most `limit` buffers for `tensors`. False, and nothing changes, where it cannot. */
  fit(tensors: Iterable<Tensor>): boolean {
    const homes = new Set([...tensors].map((t) => this.of(t)));
    const excess = homes.size - this.limit;
    if (excess <= 0) return true;
    // The smallest: what shares a buffer takes its place in it for the whole step.
    const small = [...homes].filter((t) => this.mayShare(t))
      .sort((a, b) => quads(a.shape) - quads(b.shape));
    if (small.length <= excess) return false;
    for (const t of small.slice(1, excess + 1)) this.#parents.set(t, small[0]!);
    return true;
  }

  /** The values (packs for their parts) that share a buffer, by what stands for it. */
  shared(): Map<Tensor, Tensor[]> {
    const groups = new Map<Tensor, Tensor[]>();
    for (const t of this.#parents.keys()) {
      const home = this.of(t);
      groups.set(home, [...groups.get(home) ?? [home], t]);
    }
    return groups;
  }
}
