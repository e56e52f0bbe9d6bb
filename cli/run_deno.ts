/** Runs Deno as a process that does not outlive its time. Reads nothing of what it says. */

/** Where and how long Deno runs. */
export interface RunDenoOptions {
  /** Its working directory. */
  readonly cwd: string | URL;
  /** When it has to end. */
  readonly late: AbortSignal;
  /** Variables beside the inherited ones. */
  readonly env?: Record<string, string>;
}

/** Milliseconds in which what is interrupted can say what it was at. */
const GRACE = 30_000;

/**
 * Runs Deno and says whether it ended well. Where that takes until `late` it is interrupted, so that `deno test` says
 * which tests were running, and soon killed with all that it started.
 */
export async function runDeno(
  args: readonly string[],
  { cwd, late, env = {} }: RunDenoOptions,
): Promise<boolean> {
  if (late.aborted) return false;
  const grouped = Deno.build.os !== "windows";
  const options = { args: [...args], cwd, env, detached: grouped };
  const child = new Deno.Command(Deno.execPath(), options).spawn();
  const kill = () => end(grouped ? -child.pid : child.pid, "SIGKILL");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const interrupt = () => {
    end(child.pid, "SIGINT");
    timer = setTimeout(kill, GRACE);
  };
  // A group of its own does not hear what ends this process.
  const leave = () => {
    kill();
    Deno.exit(130);
  };
  const signals = grouped ? ["SIGINT", "SIGTERM"] as const : [];
  late.addEventListener("abort", interrupt);
  for (const signal of signals) Deno.addSignalListener(signal, leave);
  try {
    return (await child.status).success;
  } finally {
    clearTimeout(timer);
    if (late.aborted) kill();
    late.removeEventListener("abort", interrupt);
    for (const signal of signals) Deno.removeSignalListener(signal, leave);
  }
}

/** Sends a signal to a process, or to a group of them, that may have ended. */
function end(id: number, signal: Deno.Signal): void {
  try {
    Deno.kill(id, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
