/** Which of many things in a row belong to one of several who share them. Knows no process. */

/** One of several parts. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** What belongs to a part: one stretch of all, as long as the others' or one longer. */
export function stretchOf({ index, count }: Shard, things: number): { first: number; end: number } {
  const cut = (at: number) => Number(BigInt(at) * BigInt(things) / BigInt(count));
  return { first: cut(index), end: cut(index + 1) };
}
