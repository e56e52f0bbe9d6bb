/** `train --supervise`: a trainer as a process of its own, started again where it crashed. Trains nothing itself. */

import { directoryName, join } from "../data/files.ts";
import { listen } from "./interrupts.ts";
import { defaultFolder, requireFree } from "../train/run_folder.ts";
import { denoFiles as files } from "./files.ts";
import type { AskedFlags } from "./train_flags.ts";

/** How often a trainer is started again if nobody says. */
const TIMES = 3;

/** Seconds before the first restart; twice as many before each further one. */
const BACK_OFF = 2;

/**
 * Exit codes after which a restart may help: a fault of the program or the machine, a lost device. What is wrong with
 * flags, data, memory or the run itself is as wrong the next time.
 */
const CRASHES = [1, 4];

/** How to supervise. */
export interface SuperviseOptions {
  /** How often a trainer is started again at most. */
  readonly times?: number;
  /** Seconds before the first restart. */
  readonly backOff?: number;
  /** The program and its arguments before those of `train`; this one if not given. */
  readonly program?: readonly string[];
}

/** Trains in a process that is started again after a crash, from the last checkpoint, and returns its exit code. */
export async function superviseTraining(
  flags: Pick<AskedFlags, "resume" | "run" | "name" | "model">,
  args: readonly string[],
  { times = TIMES, backOff = BACK_OFF, program = thisProgram() }: SuperviseOptions = {},
): Promise<number> {
  const { resume, run } = flags;
  const kept = resume === undefined ? undefined : await folderOf(resume);
  const path = kept ?? run ?? defaultFolder(flags.name ?? flags.model ?? "run");
  const own = withoutSupervise(args);
  const begin = kept === undefined && run === undefined ? [...own, "--run", path] : own;
  const goOn = resume === undefined
    ? ["--resume", path, ...practicalOf(begin)]
    : own.map((arg) =>
      arg === resume ? path : arg === `--resume=${resume}` ? `--resume=${path}` : arg
    );
  // What is removed after a crash without any save is what the trainer made.
  if (kept === undefined) await requireFree(files, path);
  let child: Deno.ChildProcess | undefined;
  let asked = false;
  const passOn = (signal: Deno.Signal) => {
    asked = true;
    child?.kill(signal);
  };
  const close = listen(passOn);
  try {
    for (let restarts = 0;; restarts++) {
      const saved = await hasCheckpoint(path);
      if (!saved && restarts > 0 && kept === undefined) await files.remove(path);
      const [command, ...before] = program;
      // Of a process group of its own: a terminal's signals come once, from here.
      child = new Deno.Command(command!, {
        args: [...before, ...(saved && restarts > 0 ? goOn : begin)],
        detached: true,
        stdin: "null",
      }).spawn();
      const { code, signal } = await child.status;
      const crashed = signal !== null || CRASHES.includes(code);
      if (!crashed || asked || restarts === times) return code;
      const seconds = backOff * 2 ** restarts;
      console.error(
        `verity train: the trainer ended with ${signal ?? `exit code ${code}`}; restart ` +
          `${restarts + 1} of ${times} in ${seconds} s`,
      );
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    }
  } finally {
    close();
  }
}

/** Deno on the file that was started, with all permissions: what may start programs may do anything. */
function thisProgram(): string[] {
  return [Deno.execPath(), "run", "-A", Deno.mainModule, "train"];
}

/** The run folder that is gone on in; undefined where a checkpoint came alone, which gets one of its own. */
async function folderOf(resume: string): Promise<string | undefined> {
  if (await files.kind(resume) !== "file") return resume;
  const dir = directoryName(resume);
  return await files.kind(join(dir, "config.json")) === "file" ? dir : undefined;
}

async function hasCheckpoint(path: string): Promise<boolean> {
  for (const name of ["last.safetensors", "previous.safetensors"]) {
    if (await files.kind(join(path, name)) === "file") return true;
  }
  return false;
}

/** The arguments of the trainer itself. */
function withoutSupervise(args: readonly string[]): string[] {
  return args.filter((arg, i) =>
    !/^--supervise(=\d+)?$/.test(arg) && !(args[i - 1] === "--supervise" && /^\d+$/.test(arg))
  );
}

/** What may be said again of a run that goes on, and is not saved with it. */
function practicalOf(args: readonly string[]): string[] {
  const kept: string[] = [];
  args.forEach((arg, i) => {
    const [name, value] = arg.split("=", 2);
    if (["--json", "--no-report"].includes(name!)) kept.push(arg);
    if (!["--save-every", "--workers", "--log-every", "--until", "--cache"].includes(name!)) return;
    kept.push(...value === undefined ? [arg, args[i + 1]!] : [arg]);
  });
  return kept;
}
