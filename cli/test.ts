/** `test`: every check and test of the project, counted. Contains no test itself. */

import { newCommand, parseFlags } from "./flags.ts";

interface TestFlags {
  readonly strict?: boolean;
}

/** What happened to the tests of a report. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Names. */
  readonly skipped: readonly string[];
}

/** What the project must pass besides its tests. */
const CHECKS = [["fmt", "--check"], ["lint"], ["task", "check"]] as const;

/** What the name of a test says when it was skipped because the machine lacks something. */
const LACKING = /\(skipped: no /;

const command = () =>
  newCommand("test", "Checks format, lint and types, and runs every test.")
    .option("--strict", "fail when a test was skipped for want of an adapter or a browser");

/** Runs everything and returns the exit code; the last line is `N passed, N failed, N skipped`. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags<TestFlags>(command(), args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  let failedChecks = 0;
  for (const check of CHECKS) {
    console.log(`\ndeno ${check.join(" ")}`);
    if (!await deno(...check)) failedChecks++;
  }
  const counts = await test();
  const lacking = counts.skipped.filter((name) => LACKING.test(name));
  console.log();
  for (const name of counts.skipped) console.log(`skipped: ${name}`);
  if (parsed.flags.strict && lacking.length > 0) {
    console.log(
      `${lacking.length} tests lacked what the machine should have: that is a failure here`,
    );
  }
  const failed = counts.failed + failedChecks;
  const passed = counts.passed + CHECKS.length - failedChecks;
  console.log(`${passed} passed, ${failed} failed, ${counts.skipped.length} skipped`);
  return failed > 0 || (parsed.flags.strict && lacking.length > 0) ? 1 : 0;
}

/** The outcomes in a JUnit report as `deno test` writes it; steps count like tests. */
export function countCases(report: string): Counts {
  let [passed, failed] = [0, 0];
  const skipped: string[] = [];
  for (
    const [, name = "", inside = ""] of report.matchAll(
      /<testcase name="([^"]*)"([^]*?)<\/testcase>/g,
    )
  ) {
    if (/<(failure|error)\b/.test(inside)) failed++;
    else if (/<skipped\b/.test(inside)) skipped.push(unescape(name));
    else passed++;
  }
  return { passed, failed, skipped };
}

/** Runs all tests; a run that ends badly without a failed test counts as one. */
async function test(): Promise<Counts> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    console.log("\ndeno test");
    const well = await deno("test", "-A", "--no-check", `--junit-path=${report}`);
    const counts = countCases(await Deno.readTextFile(report));
    return !well && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    await Deno.remove(report);
  }
}

/** Runs Deno in the project's folder; true when it ended well. */
async function deno(...args: readonly string[]): Promise<boolean> {
  const cwd = new URL("..", import.meta.url);
  return (await new Deno.Command(Deno.execPath(), { args: [...args], cwd }).spawn().status).success;
}

function unescape(text: string): string {
  const characters: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name) => characters[name] ?? "");
}
