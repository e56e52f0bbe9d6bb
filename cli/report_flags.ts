/** The flag of `train` that says whether a report is made. Makes none. */

import type { Command } from "./flags.ts";

/** What it is when read. */
export interface ReportFlags {
  /** Whether `report.html` and `MODEL_CARD.md` are written at the end. */
  readonly report: boolean;
}

/** Its name, which is not saved with a run. */
export const REPORT_FLAGS = ["report"];

/** Gives a command the flag. */
export function addReportFlag(command: Command): Command {
  return command.option(
    "--no-report",
    "write no report.html and MODEL_CARD.md at the end; deno task report writes them later",
  );
}
