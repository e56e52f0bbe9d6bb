/** Dividing groups of samples into parts: no group is in two, and each part has its share of every class. */
import { hash } from "./random.ts";
import type { Sample } from "./sample.ts";

/** Keeps the order of groups apart from other choices with one seed. */
const ORDER = 0x6772;

/**
 * The part of each sample when whole groups go to parts that want the `shares`, which add up to 1. A sample
 * without a group is a group of its own.
 *
 * Large groups come first, equal ones in an order that depends on the seed and the group alone; each goes where
 * Σ over classes and parts of share · (filled / wanted)² grows least. This is the idea of scikit-learn's
 * `StratifiedGroupKFold`, for shares that may differ.
 */
export function partsOfGroups(
  samples: readonly Sample[],
  { shares, classes, seed }: {
    readonly shares: readonly number[];
    readonly classes: number;
    readonly seed: number;
  },
): Uint32Array {
  const groups = new Map<string, { readonly members: number[]; readonly counts: Uint32Array }>();
  const totals = new Float64Array(classes);
  for (const [i, { label, group, name }] of samples.entries()) {
    const key = group === undefined ? `sample ${name}` : `group ${group}`;
    const found = groups.get(key) ?? { members: [], counts: new Uint32Array(classes) };
    groups.set(key, found);
    found.members.push(i);
    found.counts[label]!++;
    totals[label]!++;
  }
  const keyed = [...groups].map(([key, group]) => ({
    ...group,
    order: hash(ORDER, seed, ...key.split("").map((c) => c.charCodeAt(0))),
  }));
  keyed.sort((a, b) => b.members.length - a.members.length || a.order - b.order);

  const parts = new Uint32Array(samples.length);
  const filled = shares.map(() => new Float64Array(classes));
  for (const { members, counts } of keyed) {
    let [best, least] = [0, Infinity];
    for (const [part, share] of shares.entries()) {
      let growth = 0;
      for (let k = 0; k < classes; k++) {
        if (counts[k] === 0) continue;
        const before = filled[part]![k]! / (share * totals[k]!);
        const after = before + counts[k]! / (share * totals[k]!);
        growth += share * (after ** 2 - before ** 2);
      }
      if (growth < least) [best, least] = [part, growth];
    }
    for (let k = 0; k < classes; k++) filled[best]![k]! += counts[k]!;
    for (const i of members) parts[i] = best;
  }
  return parts;
}

/**
 * Samples with the groups that a regular expression finds in their names: its first capture, or all it matches.
 * Returns the first name that does not match instead, for such a sample has no group to keep to.
 */
export function groupByName(
  samples: readonly Sample[],
  pattern: RegExp,
): Sample[] | { readonly unmatched: string } {
  const grouped: Sample[] = [];
  for (const sample of samples) {
    const match = pattern.exec(sample.name);
    if (!match) return { unmatched: sample.name };
    grouped.push({ ...sample, group: match[1] ?? match[0] });
  }
  return grouped;
}

/** The first group with samples in both lists, if there is one. */
export function sharedGroup(a: readonly Sample[], b: readonly Sample[]): string | undefined {
  const groups = new Set(a.map(({ group }) => group));
  return b.find(({ group }) => group !== undefined && groups.has(group))?.group;
}
