/** Trains a tiny run, kills it at random moments and lets it go on, until it is done. Asserts nothing. */
import { denoFiles } from "../../cli/files.ts";
import { hash } from "../../data/random.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { twoClasses } from "../cli/two_classes.ts";
import { type Left, leftIn } from "./left.ts";
import { TINY } from "./tiny_run.ts";

/** What came of killing. */
export interface Killed {
  /** Kills by what the folder held then. */
  readonly kills: Readonly<Record<Moment, number>>;
  /** Runs that came to their end in spite of them. */
  readonly runs: number;
  /** What a run that was never killed left. */
  readonly whole: Left;
  /** What each of the others left. */
  readonly left: readonly Left[];
}

/** How far a run was when it was killed. */
export type Moment = typeof MOMENTS[number];

const MOMENTS = [
  "before the first save",
  "in a step",
  "between a row and a save",
  "in a save",
  "in the report",
] as const;

/** How often to kill, and what decides when. */
export interface KillOptions {
  readonly times: number;
  readonly seed?: number;
  /** Kills of a run at most. */
  readonly perRun?: number;
  /** What kills; SIGKILL if not given. A run may finish its step and save itself after any other one. */
  readonly signal?: keyof typeof SIGNALS;
  /** Called after each kill. */
  readonly killed?: (count: number, moment: Moment) => void;
  /** Called with what a run left that came to its end, and what one left that was never killed. */
  readonly ended?: (left: Left, whole: Left) => void;
}

/** What kills a run, and the exit code of one that it killed. */
const SIGNALS = { SIGKILL: 137, SIGTERM: 143, SIGINT: 130 } as const;

/** Milliseconds after which a run that was not killed is one that hangs. */
const LIMIT = 400_000;

const SCRIPT = decodeURIComponent(new URL("tiny_run.ts", import.meta.url).pathname);

/** Kills runs so many times. Throws where one that was killed does not go on. */
export async function killRuns(
  options: KillOptions,
): Promise<Killed> {
  const { times, seed = 1, perRun = 20, signal = "SIGKILL" } = options;
  const { killed = () => {}, ended: done = () => {} } = options;
  await using dir = await temporaryFolder(await twoClasses());
  const line = `--data ${dir.path}/data ${TINY} --save-every 1`;
  const whole = `${dir.path}/whole`;
  await ended(start(`${line} --run ${whole}`)); // it fills the caches that the next one is timed with
  const unharmed = await leftIn(whole);
  let life = await ended(start(`${line} --run ${dir.path}/again`));
  const kills = Object.fromEntries(MOMENTS.map((moment) => [moment, 0])) as Record<Moment, number>;
  const left: Left[] = [];
  let tries = 0;
  for (let count = 0; count < times;) {
    const path = `${dir.path}/${left.length}`;
    for (let own = 0;; own++) {
      const saved = await exists(`${path}/last.safetensors`);
      // What a run without a save leaves is of no use to it.
      if (!saved) await Deno.remove(path, { recursive: true }).catch(() => {});
      const child = start(saved ? `--resume ${path} --save-every 1` : `${line} --run ${path}`);
      if (count >= times || own >= perRun) {
        const time = await ended(child);
        if (!saved) life = time; // the machine may have become slower
        break;
      }
      if (++tries > 10 * times) {
        throw new Error(`${times} kills were asked for, ${count} came of ${tries} tries`);
      }
      const wait = life * (0.2 + hash(seed, tries) / 2 ** 32);
      if (!await killedAfter(child, wait, signal)) break; // it was done before
      count++;
      const moment = await momentOf(path);
      kills[moment]++;
      killed(count, moment);
    }
    left.push(await leftIn(path));
    done(left.at(-1)!, unharmed);
    await Deno.remove(path, { recursive: true });
  }
  return { kills, runs: left.length, whole: unharmed, left };
}

function start(line: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, ...line.split(" ")],
    env: { NO_COLOR: "1", HF_HOME: "/nowhere" },
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
}

/** Waits for a run to end well and says how many milliseconds that took. Throws what it said where it does not. */
async function ended(child: Deno.ChildProcess): Promise<number> {
  const began = performance.now();
  const { code, signal, stderr } = await outputOf(child, LIMIT);
  if (signal === "SIGKILL") throw new Error(`a run had not ended after ${LIMIT} ms`);
  if (code !== 0) throw new Error(`a run ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  return performance.now() - began;
}

/** Kills a run after so many milliseconds; says whether it was still there. Throws where it ended by itself, badly. */
async function killedAfter(
  child: Deno.ChildProcess,
  wait: number,
  signal: keyof typeof SIGNALS,
): Promise<boolean> {
  const { code, stderr } = await outputOf(child, wait, signal);
  if (code === SIGNALS[signal]) return true;
  if (code === 0) return false;
  throw new Error(`a run ended with ${code}: ${new TextDecoder().decode(stderr)}`);
}

/** What a run said and how it ended; it is killed after so many milliseconds. */
async function outputOf(
  child: Deno.ChildProcess,
  wait: number,
  by: Deno.Signal = "SIGKILL",
): Promise<Deno.CommandOutput> {
  const timer = setTimeout(() => {
    try {
      child.kill(by);
    } catch {
      // It is done.
    }
  }, wait);
  try {
    return await child.output();
  } finally {
    clearTimeout(timer);
  }
}

/** What a run was at when it was killed, by what its folder holds. */
async function momentOf(path: string): Promise<Moment> {
  if (!await exists(`${path}/last.safetensors`)) return "before the first save";
  const rows = await Deno.readTextFile(`${path}/metrics.csv`).catch(() => "");
  if (rows.split("\n").length > 5) return "in the report";
  const names = (await denoFiles.list(path)).map(({ name }) => name);
  if (names.some((name) => name.endsWith(".part"))) return "in a save";
  const { logs = {} } = await readCheckpoint(denoFiles, `${path}/last.safetensors`);
  for (const [name, saved] of Object.entries(logs)) {
    const { size } = await denoFiles.info(`${path}/${name}`);
    if (size > saved) return "between a row and a save";
  }
  return "in a step";
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
