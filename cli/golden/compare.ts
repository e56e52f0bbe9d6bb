/** Comparison with golden numbers: each quantity's largest relative error beside what is allowed. */

/** What one quantity came to. */
export interface Row {
  readonly name: string;
  /** Largest error relative to its limit, and that error and limit themselves. */
  readonly error: number;
  readonly limit: number;
  /** Numbers that were compared. */
  readonly count: number;
  /** Where the largest error was. */
  readonly worst: string;
  /** Numbers within the limit that are above five times what float32 made of that very number. */
  readonly aside: number;
}

/** Collects errors by quantity. */
export class Comparison {
  readonly #rows = new Map<
    string,
    { error: number; limit: number; count: number; worst: string; aside: number }
  >();

  /** `bands` are errors that are allowed whatever float32 makes, by quantity. */
  constructor(readonly bands: Readonly<Record<string, number>> = {}) {}

  /** Notes an error; NaN counts as infinite. `float32` is what PyTorch's own float32 makes. */
  note(name: string, error: number, float32: number, where: string, count = 1): void {
    this.#note(name, error, this.#allowed(name, float32), where, count);
  }

  /** Relative L2 error of vectors, over `scale` where it is given (a norm of what was compared). */
  vectors(
    name: string,
    got: ArrayLike<number>,
    want: readonly number[],
    float32: number,
    where: string,
    scale?: number,
  ): void {
    let difference = 0;
    let norm = 0;
    want.forEach((w, i) => {
      difference += (got[i]! - w) ** 2;
      norm += w * w;
    });
    const error = Math.sqrt(difference) / (scale ?? Math.sqrt(norm));
    this.note(name, error, float32, where, want.length);
  }

  /** Relative error of a number. */
  number(name: string, got: number, want: number, float32: number, where: string): void {
    this.note(name, Math.abs(got - want) / Math.abs(want), float32, where);
  }

  /**
   * Relative error of a number of step `s`. An error once made stays in the weights, so what is allowed
   * is the most that float32 has made by then; numbers above what it made at `s` alone are counted aside.
   */
  step(
    name: string,
    got: number,
    want: number,
    float32: readonly number[],
    s: number,
    where: string,
  ): void {
    this.number(name, got, want, Math.max(...float32.slice(0, s + 1)), where);
    const row = this.#rows.get(name)!;
    const error = Math.abs(got - want) / Math.abs(want);
    if (error > this.#allowed(name, float32[s]!)) row.aside++;
  }

  /** An absolute error, of what should be zero. */
  absolute(name: string, error: number, limit: number, where: string): void {
    this.#note(name, error, Math.max(limit, this.bands[name] ?? 0), where, 1);
  }

  /** Lists that should be equal: the error is how many of their elements are not. */
  same(name: string, got: readonly unknown[], want: readonly unknown[]): void {
    const length = Math.max(got.length, want.length);
    const wrong = Array.from({ length }, (_, i) => i)
      .filter((i) => JSON.stringify(got[i]) !== JSON.stringify(want[i]));
    this.#note(name, wrong.length, 0, JSON.stringify(want[wrong[0]!]) ?? "", length);
  }

  /** The limit of an error: five times what PyTorch's float32 makes, and never below the band or 2e-6. */
  #allowed(name: string, float32: number): number {
    return Math.max(5 * float32, this.bands[name] ?? 2e-6);
  }

  #note(name: string, error: number, limit: number, where: string, count: number): void {
    const value = Number.isNaN(error) ? Infinity : error;
    const row = this.#rows.get(name);
    const worse = !row || value / limit > row.error / row.limit;
    this.#rows.set(name, {
      ...(worse ? { error: value, limit, worst: where } : row),
      count: (row?.count ?? 0) + count,
      aside: row?.aside ?? 0,
    });
  }

  get rows(): Row[] {
    return [...this.#rows].map(([name, row]) => ({ name, ...row }));
  }

  /** Whether every error is within its limit. */
  get passed(): boolean {
    return this.rows.every((row) => row.error <= row.limit);
  }
}

/** The L2 norm of numbers, in float64. */
export function norm(numbers: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i]! ** 2;
  return Math.sqrt(sum);
}
