/**
 * `deno task fuzz [PARSER…] [--inputs 100000] [--seed 1] [--from 0]`: hostile files for each parser, each parser in
 * processes of its own, where one that hangs is killed. Prints a table; inputs that are faults are kept.
 */
import { parseArgs } from "node:util";
import { TARGETS } from "./targets.ts";
import { mutant } from "./mutants.ts";
import { judge, SLOWEST, type Verdict } from "./verdict.ts";

/** Most memory of a process, in bytes. */
const MOST_MEMORY = 512 * 2 ** 20;

/** Inputs after which a process says how far it is. */
const REPORT = 100;

/** What came of many inputs. */
interface Tally {
  inputs: number;
  accepted: number;
  refused: number;
  /** Milliseconds of the slowest. */
  slowest: number;
  /** Most bytes that the process held. */
  memory: number;
  faults: { index: number; fault: string }[];
}

const empty = (): Tally => ({
  ...{ inputs: 0, accepted: 0, refused: 0, slowest: 0, memory: 0 },
  faults: [],
});

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    worker: { type: "boolean", default: false },
  },
});
const [inputs, seed, from] = [values.inputs, values.seed, values.from].map(Number) as [
  number,
  number,
  number,
];

/** Reads inputs in this process and prints a line for what came of them now and then. */
async function work(name: string): Promise<void> {
  const target = TARGETS.find((one) => one.name === name)!;
  let tally = empty();
  for (let i = from; i < from + inputs; i++) {
    const { outcome, milliseconds, fault }: Verdict = await judge(target, mutant(target, seed, i));
    tally.inputs++;
    if (outcome !== "fault") tally[outcome]++;
    tally.slowest = Math.max(tally.slowest, milliseconds);
    if (fault !== undefined) tally.faults.push({ index: i, fault });
    if ((i + 1) % REPORT === 0 || i + 1 === from + inputs || fault !== undefined) {
      // Streams that unpack lie outside the heap: nothing is collected for their sake.
      (globalThis as { gc?: () => void }).gc?.();
      tally.memory = await mostMemory();
      if (tally.memory > MOST_MEMORY) {
        tally.faults.push({ index: i, fault: `The process holds ${tally.memory} bytes` });
      }
      console.log(JSON.stringify(tally));
      tally = empty();
    }
  }
}

/** Most bytes that this process ever held, where Linux says so; else what it holds. */
async function mostMemory(): Promise<number> {
  const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
  const [, kilobytes] = status.match(/^VmHWM:\s*(\d+) kB/m) ?? [];
  return kilobytes === undefined ? Deno.memoryUsage().rss : 1024 * Number(kilobytes);
}

/** Lines of a process as they come; the process is killed where none comes for long. */
async function watch(name: string, first: number, whole: Tally): Promise<number> {
  const flags = ["-A", "--no-check", "--v8-flags=--expose-gc"];
  const args = ["run", ...flags, import.meta.filename!, "--worker", name];
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...args,
      "--seed",
      `${seed}`,
      "--from",
      `${first}`,
      "--inputs",
      `${from + inputs - first}`,
    ],
    stdout: "piped",
  }).spawn();
  let at = first;
  // A pause of this machine is no hang of a parser: what it takes longer for is judged in the process.
  const patience = () => setTimeout(() => process.kill("SIGKILL"), 30 * SLOWEST);
  let timer = patience();
  let rest = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const part: Tally = JSON.parse(line);
      clearTimeout(timer);
      timer = patience();
      at += part.inputs;
      whole.inputs += part.inputs;
      whole.accepted += part.accepted;
      whole.refused += part.refused;
      whole.slowest = Math.max(whole.slowest, part.slowest);
      whole.memory = Math.max(whole.memory, part.memory);
      whole.faults.push(...part.faults);
    }
  }
  clearTimeout(timer);
  const { success, signal } = await process.status;
  if (success) return from + inputs;
  const fault = `The process ended (${signal ?? "crash"}) within ${REPORT} inputs from ${at}`;
  whole.faults.push({ index: at, fault });
  whole.inputs += REPORT;
  return at + REPORT;
}

if (values.worker) await work(positionals[0]!);
else {
  const known = TARGETS.map(({ name }) => name);
  const names = positionals.length === 0 ? known : positionals;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    console.error(`Cannot fuzz ${unknown}: one of ${known.join(", ")} was needed`);
    Deno.exit(2);
  }
  let faults = 0;
  console.log(`| parser | inputs | accepted | refused | faults | slowest, ms | memory, MB |`);
  console.log(`| --- | --- | --- | --- | --- | --- | --- |`);
  for (const name of names) {
    const tally = empty();
    for (let at = from; at < from + inputs && tally.faults.length < 20;) {
      at = await watch(name, at, tally);
    }
    const { slowest, memory } = tally;
    const cells = [name, tally.inputs, tally.accepted, tally.refused, tally.faults.length];
    console.log(`| ${[...cells, slowest.toFixed(0), (memory / 1e6).toFixed(0)].join(" | ")} |`);
    for (const { index, fault } of tally.faults) {
      faults++;
      const path = await Deno.makeTempFile({ prefix: `fuzz-${name}-${index}-` });
      await Deno.writeFile(path, mutant(TARGETS.find((t) => t.name === name)!, seed, index));
      console.error(`${name} ${index}: ${fault}\n  ${path}`);
      console.error(`  deno task fuzz ${name} --seed ${seed} --from ${index} --inputs 1`);
    }
  }
  Deno.exit(faults > 0 ? 1 : 0);
}
