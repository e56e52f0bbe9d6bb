/** Tables on a terminal: columns as wide as what is in them. */

/** Rows under `head`; the first column is text, the others are numbers and stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) =>
    Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
      .trimEnd();
  return [head, ...rows].map(line).join("\n");
}

/** Bytes as megabytes, three digits of them; "–" for none. */
export function megabytes(bytes: number | undefined): string {
  if (bytes === undefined) return "–";
  const value = bytes / 1e6;
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
