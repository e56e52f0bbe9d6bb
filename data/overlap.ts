/** Images of one list that stand in another too, byte for byte. Decodes nothing. */

import type { Files } from "./files.ts";
import type { Sample } from "./sample.ts";

/** An image that is in both lists. */
export interface Shared {
  readonly first: Sample;
  readonly second: Sample;
}

/** Files read side by side. */
const ABREAST = 16;

/**
 * The images of `second` that are in `first` too, each with the first such. Only files of a size that is in both
 * lists are read. Rejects with the file system's error.
 */
export async function sharedImages(
  files: Files,
  { first, second }: { readonly first: readonly Sample[]; readonly second: readonly Sample[] },
): Promise<Shared[]> {
  const sizes = await each(
    [...first, ...second],
    async ({ path }) => (await files.info(path)).size,
  );
  const [a, b] = [sizes.slice(0, first.length), sizes.slice(first.length)].map((s) => new Set(s));
  const alike = (_: Sample, i: number) => a!.has(sizes[i]!) && b!.has(sizes[i]!);
  const candidates = {
    first: first.filter(alike),
    second: second.filter((sample, i) => alike(sample, first.length + i)),
  };
  const digest = async ({ path }: Sample) => {
    const bytes = await files.read(path);
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  };
  const digests = await each(candidates.first, digest);
  const known = new Map(
    digests.map((key, i) => [key, candidates.first[i]!]).reverse() as [
      string,
      Sample,
    ][],
  );
  const found = await each(candidates.second, digest);
  return candidates.second.flatMap((second, i) => {
    const first = known.get(found[i]!);
    return first ? [{ first, second }] : [];
  });
}

/** What `read` gives of each item, a few at a time, in their order. */
async function each<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = Array(items.length);
  const left = items.entries();
  await Promise.all(Array.from({ length: ABREAST }, async () => {
    for (const [i, item] of left) results[i] = await read(item);
  }));
  return results;
}
