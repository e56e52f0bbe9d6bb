/** Mixing the images of a batch with each other, and their targets. What is mixed how is drawn elsewhere. */
import { draw, type Placed } from "./pipeline.ts";
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

/** Mixes images [n, h, w, c] and targets [n, classes] in place, one operation after the other. */
export function mixBatch(
  { images, targets }: {
    readonly images: Uint8Array | Float32Array;
    readonly targets: Float32Array;
  },
  drawn: readonly Drawn[],
  shape: BatchShape,
): void {
  const classes = targets.length / shape.n;
  for (const { name, parameters } of drawn) {
    const rules = MIXINGS.get(name);
    if (!rules) throw new TypeError(`Cannot apply "${name}": it does not mix batches`);
    rules.mix(images, images.slice(), { shape, parameters });
    const share = rules.share(parameters, shape);
    const old = targets.slice();
    for (let i = 0; i < targets.length; i++) {
      const before = old[i < classes ? targets.length - classes + i : i - classes]!;
      targets[i] = share * old[i]! + (1 - share) * before;
    }
  }
}

/**
 * Mixes square images [n, size, size, 4] with each other, as the steps choose by the keys, and returns their
 * targets [n, classes]. Throws TypeError without a number of classes.
 */
export function mixed(
  { images, labels }: { readonly images: Uint8Array; readonly labels: Int32Array },
  steps: readonly Placed[],
  { size, classes, keys }: {
    readonly size: number;
    readonly classes: number | undefined;
    readonly keys: readonly number[];
  },
): Float32Array {
  if (classes === undefined) {
    throw new TypeError("Cannot mix batches: the number of classes is not given, it was needed");
  }
  const square = { width: size, height: size };
  const targets = oneHot(labels, classes);
  const { drawn } = draw(steps, keys, square);
  mixBatch({ images, targets }, drawn, { ...square, n: labels.length, channels: 4 });
  return targets;
}
