/** Signals that ask a run to end, and when it saves: what a run is told each time it asks. Saves nothing itself. */

import type { FitOptions } from "../train/fit.ts";

/** Signals that end a run, as what a shell gives: 128 and the signal's number. Slurm warns with SIGUSR1 before it ends a job. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGUSR1: 143 } as const;

/** Milliseconds after which a run lets signals be heard between steps: batches that are kept never wait for anything. */
const HEARING = 100;

/** How often a run is saved within its epochs. */
export type SaveEvery = { readonly steps: number } | { readonly seconds: number };

/** What a run is told, and by whom. */
export interface Interrupts {
  /** The answer to a run that asks whether to go on. */
  readonly ask: NonNullable<FitOptions["ask"]>;
  /** What to exit with after a signal; undefined where none came. */
  readonly exitCode: () => number | undefined;
  /** From here on a signal ends the program at once again. */
  readonly close: () => void;
}

/** How to listen. */
export interface InterruptOptions {
  /** How often to save; at the ends of epochs alone if not given. */
  readonly saveEvery?: SaveEvery | undefined;
  /** Says a line to the person. */
  readonly say: (text: string) => void;
  /** Milliseconds of a clock that never jumps. Default `performance.now`. */
  readonly now?: () => number;
}

/** Listens: the first signal lets the step be finished and saved, another one ends the program at once. */
export function listenForSignals(
  { saveEvery, say, now = () => performance.now() }: InterruptOptions,
): Interrupts {
  let code: number | undefined;
  let [saved, heard] = [now(), now()];
  const close = listen((signal, exit) => {
    if (code !== undefined) Deno.exit(exit);
    code = exit;
    say(`${signal}: the step is finished and saved; another signal ends the run at once`);
  });
  const due = (step: number) =>
    saveEvery === undefined
      ? false
      : "steps" in saveEvery
      ? step % saveEvery.steps === 0
      : now() - saved >= 1000 * saveEvery.seconds;
  return {
    async ask({ after, step }) {
      if (now() - heard >= HEARING) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        heard = now();
      }
      if (code !== undefined) return "stop";
      if (after === "epoch") saved = now();
      if (after !== "step" || !due(step)) return "go on";
      saved = now();
      return "save";
    },
    exitCode: () => code,
    close,
  };
}

/** Calls `heard` with each signal that ends a run and its exit code, until the result is called. */
export function listen(heard: (signal: Deno.Signal, exitCode: number) => void): () => void {
  const listeners = Object.entries(SIGNALS).flatMap(([name, exitCode]) => {
    if (Deno.build.os === "windows" && name !== "SIGINT") return [];
    const signal = name as Deno.Signal;
    const listener = () => heard(signal, exitCode);
    Deno.addSignalListener(signal, listener);
    return [[signal, listener] as const];
  });
  return () => {
    for (const [signal, listener] of listeners.splice(0)) {
      Deno.removeSignalListener(signal, listener);
    }
  };
}

/** Reads `10m`, `30s`, `2h` or a number of steps; undefined for anything else. */
export function readSaveEvery(text: string): SaveEvery | undefined {
  const [, digits, unit] = /^([1-9]\d{0,8})([smh]?)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const count = Number(digits);
  return unit ? { seconds: count * { s: 1, m: 60, h: 3600 }[unit as "s"] } : { steps: count };
}
