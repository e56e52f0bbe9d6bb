/** Trains a tiny run, kills it at random moments and lets it go on, until it is done. Asserts nothing. */
import { hash } from "../../data/random.ts";
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
export type Moment = "before the first save" | "in training" | "in the report";

/** How often to kill, and what decides when. */
export interface KillOptions {
  readonly times: number;
  readonly seed?: number;
  /** Kills of a run at most. */
  readonly perRun?: number;
  /** Called after each kill. */
  readonly killed?: (count: number, moment: Moment) => void;
  /** Called with what a run left that came to its end, and what one left that was never killed. */
  readonly ended?: (left: Left, whole: Left) => void;
}

const SCRIPT = decodeURIComponent(new URL("tiny_run.ts", import.meta.url).pathname);

/** Kills runs so many times. Throws where one that was killed does not go on. */
export async function killRuns(
  { times, seed = 1, perRun = 20, killed = () => {}, ended: done = () => {} }: KillOptions,
): Promise<Killed> {
  await using dir = await temporaryFolder(await twoClasses());
  const line = `--data ${dir.path}/data ${TINY} --save-every 1`;
  const whole = `${dir.path}/whole`;
  await ended(start(`${line} --run ${whole}`)); // it fills the caches that the next one is timed with
  const unharmed = await leftIn(whole);
  const began = performance.now();
  await ended(start(`${line} --run ${dir.path}/again`));
  const life = performance.now() - began;
  const kills: Record<Moment, number> = {
    ...{ "before the first save": 0, "in training": 0, "in the report": 0 },
  };
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
        await ended(child);
        break;
      }
      if (++tries > 10 * times) {
        throw new Error(`${times} kills were asked for, ${count} came of ${tries} tries`);
      }
      const wait = life * (0.2 + hash(seed, tries) / 2 ** 32);
      if (!await killedAfter(child, wait)) break; // it was done before
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

/** Waits for a run to end well. Throws with what it said where it does not. */
async function ended(child: Deno.ChildProcess): Promise<void> {
  const { code, stderr } = await child.output();
  if (code !== 0) throw new Error(`a run ended with ${code}: ${new TextDecoder().decode(stderr)}`);
}

/** Kills a run after so many milliseconds; says whether it was still there. Throws where it ended by itself, badly. */
async function killedAfter(child: Deno.ChildProcess, wait: number): Promise<boolean> {
  const output = child.output();
  const timer = setTimeout(() => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It is done.
    }
  }, wait);
  const { code, signal, stderr } = await output;
  clearTimeout(timer);
  if (signal === "SIGKILL") return true;
  if (code === 0) return false;
  throw new Error(`a run ended with ${code}: ${new TextDecoder().decode(stderr)}`);
}

async function momentOf(path: string): Promise<Moment> {
  if (!await exists(`${path}/last.safetensors`)) return "before the first save";
  const rows = await Deno.readTextFile(`${path}/metrics.csv`).catch(() => "");
  return rows.split("\n").length > 5 ? "in the report" : "in training";
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
