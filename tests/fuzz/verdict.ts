/** What is right of a parser's answer to a hostile input, and what a fault. Makes no input. */
import type { Breeding } from "./mutants.ts";

/** A parser and what it begins with. */
export interface Target extends Breeding {
  readonly name: string;
  /** Classes of errors that say what is wrong with a file. */
  readonly refuses: readonly (new (...args: never[]) => Error)[];
  /** A part of every refusal: the name of the file, or the parser's words. */
  readonly says: string;
  /** Reads the input, and throws {@linkcode WronglyAccepted} where what was read cannot be what it holds. */
  readonly read: (bytes: Uint8Array<ArrayBuffer>) => unknown;
}

/** A parser returned what its file cannot hold. */
export class WronglyAccepted extends Error {
  override readonly name = "WronglyAccepted";
}

/** Throws WronglyAccepted, with what is wrong, unless `right`. */
export function require(right: boolean, wrong: string): asserts right {
  if (!right) throw new WronglyAccepted(wrong);
}

/** Most milliseconds for an input. */
export const SLOWEST = 2000;

/** What came of an input. */
export interface Verdict {
  readonly outcome: "accepted" | "refused" | "fault";
  readonly milliseconds: number;
  /** What is wrong, of a fault. */
  readonly fault?: string;
}

/** Reads an input and judges what comes of it. */
export async function judge(
  target: Target,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Verdict> {
  const begun = performance.now();
  let outcome: Verdict["outcome"] = "accepted";
  let fault: string | undefined;
  try {
    await target.read(bytes);
  } catch (error) {
    const meant = error instanceof Error &&
      target.refuses.some((type) => error instanceof type);
    outcome = meant ? "refused" : "fault";
    if (!meant) fault = error instanceof Error ? error.stack ?? error.message : String(error);
    else if (!(error as Error).message.includes(target.says)) {
      outcome = "fault";
      fault = `It does not say "${target.says}": ${(error as Error).message}`;
    }
  }
  const milliseconds = performance.now() - begun;
  if (fault === undefined && milliseconds > SLOWEST) {
    return { outcome: "fault", milliseconds, fault: `It took ${milliseconds.toFixed(0)} ms` };
  }
  return { outcome, milliseconds, ...(fault !== undefined && { fault }) };
}
