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

/** Bytes at the end of a file that tell nearly all files of one size apart: a compressed image ends like no other. */
const END = 1024;

/**
 * The images of `second` that are in `first` too, each with the first such. Of files whose size is in both lists the
 * end is read, and the whole of those whose end is too. Rejects with the file system's error.
 */
export async function sharedImages(
  files: Files,
  { first, second }: { readonly first: readonly Sample[]; readonly second: readonly Sample[] },
): Promise<Shared[]> {
  const digest = async (bytes: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const size = async ({ path }: Sample) => `${(await files.info(path)).size}`;
  const end = async ({ path }: Sample) => {
    const { size } = await files.info(path);
    const length = Math.min(size, END);
    return `${size} ${await digest(
      await files.readRange(path, { offset: size - length, length }),
    )}`;
  };
  const whole = async ({ path }: Sample) => await digest(await files.read(path));
  let found: Shared[] = [];
  for (const keyOf of [size, end, whole]) {
    const [ours, theirs] = [await each(first, keyOf), await each(second, keyOf)];
    const known = new Map<string, Sample>();
    for (const [i, key] of ours.entries()) if (!known.has(key)) known.set(key, first[i]!);
    const wanted = new Set(theirs);
    found = second.flatMap((second, i) => {
      const first = known.get(theirs[i]!);
      return first ? [{ first, second }] : [];
    });
    first = first.filter((_, i) => wanted.has(ours[i]!));
    second = found.map(({ second }) => second);
  }
  return found;
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
