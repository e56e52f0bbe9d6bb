/** Mixing the images of a batch with each other, and their targets. What is mixed how is drawn elsewhere. */
import { pasted } from "./transforms/cut_mix.ts";
import { meanOfTwo } from "./transforms/mix_up.ts";
import type { BatchShape, Drawn, MixingRules } from "./transforms/transform.ts";

// deno-lint-ignore no-explicit-any -- each has parameters of its own, which come back to it
const MIXINGS: ReadonlyMap<string, MixingRules<any>> = new Map(
  [meanOfTwo, pasted].map((one) => [one.name, one]),
);

/** Classes as probabilities [n, classes]; a row of zeros where the class is unknown. */
export function oneHot(labels: Int32Array, classes: number): Float32Array {
  const targets = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    if (label >= 0 && label < classes) targets[i * classes + label] = 1;
  });
  return targets;
}

/** Mixes images [n, h, w, c], where they are given, and targets [n, classes] in place, one operation after the other. */
export function mixBatch(
  { images, targets }: {
    readonly images?: Uint8Array | Float32Array;
    readonly targets: Float32Array;
  },
  drawn: readonly Drawn[],
  shape: BatchShape,
): void {
  const classes = targets.length / shape.n;
  for (const { name, parameters } of drawn) {
    const rules = MIXINGS.get(name);
    if (!rules) throw new TypeError(`Cannot apply "${name}": it does not mix batches`);
    if (images) rules.mix(images, images.slice(), { shape, parameters });
    const share = rules.share(parameters, shape);
    const old = targets.slice();
    for (let i = 0; i < targets.length; i++) {
      const before = old[i < classes ? targets.length - classes + i : i - classes]!;
      targets[i] = share * old[i]! + (1 - share) * before;
    }
  }
}

/**
 * Mixes square images [n, size, size, 4] with each other and returns their targets [n, classes]; without
 * images, the targets alone. Throws TypeError without a number of classes.
 */
export function mixed(
  { images, labels }: { readonly images?: Uint8Array; readonly labels: Int32Array },
  drawn: readonly Drawn[],
  { size, classes }: { readonly size: number; readonly classes?: number },
): Float32Array {
  if (classes === undefined) {
    throw new TypeError("Cannot mix batches: the number of classes is not given, it was needed");
  }
  const targets = oneHot(labels, classes);
  const shape = { n: labels.length, width: size, height: size, channels: 4 };
  mixBatch({ ...(images && { images }), targets }, drawn, shape);
  return targets;
}
