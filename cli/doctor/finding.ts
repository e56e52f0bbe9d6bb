/** What `doctor` finds of one thing, and how it is said. Looks at nothing. */

/** A thing that was looked at. */
export interface Finding {
  /** What it is: `adapter`, `disk`. */
  readonly name: string;
  /** A problem keeps a run from working; a warning costs time or may become a problem. */
  readonly state: "ok" | "warning" | "problem";
  readonly text: string;
  /** The command that mends it. */
  readonly mend?: string;
}

/** Findings as lines for people. */
export function findingLines(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ name, state, text, mend }) => [
    `${state === "ok" ? "  " : state === "warning" ? "! " : "✗ "}${name.padEnd(12)}${text}`,
    ...mend === undefined ? [] : [`  ${"".padEnd(12)}→ ${mend}`],
  ]);
}

/** 4 where a run could not work, else 0. */
export function exitCodeOf(findings: readonly Finding[]): number {
  return findings.some(({ state }) => state === "problem") ? 4 : 0;
}
