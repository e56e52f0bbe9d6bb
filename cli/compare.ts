/** `compare`: runs side by side, as a table and as a page of curves. Trains nothing. */

import { comparedRuns, comparisonLines, formatComparison } from "../report/compare.ts";
import { readRun, type RunData } from "../report/run.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { type CommonFlags, newCommand, parseFlags } from "./flags.ts";
import { requireWritable } from "./output.ts";
import { runArgument } from "./report.ts";

interface CompareFlags extends CommonFlags {
  readonly out?: string;
}

/** Compares the runs that are named and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const command = newCommand(
    "compare",
    "Prints runs side by side, each at its best epoch, with the settings in which they differ.",
  )
    .argument("<runs...>", "run folders")
    .option("--out <file>", "write a page with the curves of all runs too");
  const parsed = parseFlags<CompareFlags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { out, json } = parsed.flags;
  if (command.args.length < 2) {
    throw new UsageError(
      `Cannot compare ${command.args.length} run: two run folders or more were needed`,
    );
  }
  if (out !== undefined) await requireWritable(files, out);
  const runs: RunData[] = [];
  for (const path of command.args) runs.push(await readRun(files, runArgument(path)));
  if (json) {
    for (const one of comparedRuns(runs)) {
      console.log(JSON.stringify({ event: "compare", ...one }));
    }
  } else console.log(comparisonLines(runs).join("\n"));
  if (out !== undefined) {
    await files.writeAtomic(out, new TextEncoder().encode(await formatComparison(runs)));
    if (!json) console.log(`Wrote ${out}`);
  }
  return 0;
}
