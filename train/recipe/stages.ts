/** The stages of a run whose images grow: which size until which epoch. Trains nothing. */

import { UsageError } from "./usage_error.ts";

/** A stretch of a run at one size. */
export interface Stage {
  /** Side of the square the model sees, in pixels. */
  readonly size: number;
  /** Shorter side that an image is resized to before, in pixels. */
  readonly resize: number;
  /** Epochs done at its beginning. */
  readonly from: number;
  /** Epochs done at its end. */
  readonly until: number;
}

/** Sizes and the epochs of each as a flag has them, `128:4,160:2,224`. Throws UsageError for other texts. */
export function readSizes(text: string): { readonly size: number; readonly epochs?: number }[] {
  const parts = text.split(",");
  return parts.map((part, i) => {
    const [, size, epochs] = /^([1-9]\d*)(?::([1-9]\d*))?$/.exec(part.trim()) ?? [];
    const last = i === parts.length - 1;
    if (size === undefined || (epochs === undefined) !== last) {
      throw new UsageError(
        `Cannot read --sizes "${text}": "${part}" is ${last ? "the last" : "not the last"}, ` +
          `${last ? "a size alone, for the epochs that are left," : "SIZE:EPOCHS"} was needed`,
      );
    }
    return { size: Number(size), ...(epochs !== undefined && { epochs: Number(epochs) }) };
  });
}

/** The stages of a run, one where its size stays. Throws UsageError where they leave no epoch to the last. */
export function stagesOf(
  { size, resize, epochs, sizes }: {
    readonly size: number;
    readonly resize: number;
    readonly epochs: number;
    readonly sizes?: string;
  },
): readonly Stage[] {
  if (sizes === undefined) return [{ size, resize, from: 0, until: epochs }];
  let until = 0;
  return readSizes(sizes).map((part) => {
    if (part.epochs === undefined && until >= epochs) {
      throw new UsageError(
        `Cannot use --sizes ${sizes} with --epochs ${epochs}: no epoch is left for ${part.size}, ` +
          `at least ${until + 1} epochs were needed`,
      );
    }
    const from = until;
    until = part.epochs === undefined ? epochs : until + part.epochs;
    return { size: part.size, resize: Math.round(part.size * resize / size), from, until };
  });
}
