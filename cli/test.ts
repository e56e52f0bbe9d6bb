/** `test`: every check and test of the project, counted. Contains no test itself. */

import { newCommand, parseFlags, whole } from "./flags.ts";
import { runDeno } from "./run_deno.ts";

interface TestFlags {
  readonly strict?: boolean;
  readonly jobs: number;
  readonly limit: number;
}

/** What happened to the tests of a report. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Names. */
  readonly skipped: readonly string[];
  /** Names of tests that were interrupted, which failed, and the files they are in. */
  readonly interrupted: readonly string[];
}

/** What the project must pass besides its tests. */
const CHECKS = [["fmt", "--check"], ["lint"], ["task", "check"]] as const;

/** What the name of a test says when it was skipped because the machine lacks something. */
const LACKING = /\(skipped: no /;

const ROOT = new URL("..", import.meta.url);

const command = () =>
  newCommand("test", "Checks format, lint and types, and runs every test.")
    .option("--strict", "fail when a test was skipped for want of an adapter or a browser")
    .option("--jobs <n>", "files of tests that run at once", whole(1), 2)
    .option("--limit <minutes>", "stop after so long, and say what was running", whole(1), 60);

/** Runs everything and returns the exit code; the last line is `N passed, N failed, N skipped`. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags<TestFlags>(command(), args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { strict, jobs, limit } = parsed.flags;
  const late = AbortSignal.timeout(60_000 * limit);
  let failedChecks = 0;
  for (const check of CHECKS) {
    console.log(`\ndeno ${check.join(" ")}`);
    if (!await runDeno(check, { cwd: ROOT, late })) failedChecks++;
  }
  console.log("\ndeno test");
  const counts = await runTests(ROOT, { jobs, late });
  const lacking = counts.skipped.filter((name) => LACKING.test(name));
  console.log();
  for (const name of counts.skipped) console.log(`skipped: ${name}`);
  if (strict && lacking.length > 0) {
    console.log(
      `${lacking.length} tests lacked what the machine should have: that is a failure here`,
    );
  }
  if (late.aborted) {
    console.log(`Not finished within ${limit} minutes (--limit), what was running was stopped`);
    for (const name of counts.interrupted) console.log(`running: ${name}`);
  }
  const failed = counts.failed + failedChecks;
  const passed = counts.passed + CHECKS.length - failedChecks;
  console.log(`${passed} passed, ${failed} failed, ${counts.skipped.length} skipped`);
  return failed > 0 || (strict && lacking.length > 0) ? 1 : 0;
}

/** The outcomes in a JUnit report as `deno test` writes it; steps count like tests. */
export function countCases(report: string): Counts {
  let [passed, failed] = [0, 0];
  const [skipped, interrupted]: [string[], string[]] = [[], []];
  for (
    const [, name = "", file = "", inside = ""] of report.matchAll(
      /<testcase name="([^"]*)" classname="([^"]*)"([^]*?)<\/testcase>/g,
    )
  ) {
    if (/<(failure|error)\b/.test(inside)) failed++;
    else if (/<skipped\b/.test(inside)) skipped.push(unescape(name));
    else passed++;
    if (/<error message="Cancelled"/.test(inside)) {
      interrupted.push(`${unescape(name)} (${unescape(file)})`);
    }
  }
  return { passed, failed, skipped, interrupted };
}

/**
 * Runs all tests in `cwd`, so many files at once; a run that ends badly without a failed test counts as one. What runs
 * at `late` is interrupted.
 */
export async function runTests(
  cwd: string | URL,
  { jobs, late }: { readonly jobs: number; readonly late: AbortSignal },
): Promise<Counts> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const args = ["test", "-A", "--no-check", "--parallel", `--junit-path=${report}`];
    const well = await runDeno(args, { cwd, late, env: { DENO_JOBS: `${jobs}` } });
    const counts = countCases(await Deno.readTextFile(report));
    return !well && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    await Deno.remove(report);
  }
}

function unescape(text: string): string {
  const characters: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name) => characters[name] ?? "");
}
