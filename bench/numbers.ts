/** Numbers that benchmarks report. */

/** The middle one, the upper of two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** With two digits after the point. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
