/** Real launchers of MPI, where they are, and tests that need them: ignored where one is missing. */

/** A launcher: what starts so many processes. */
export interface Mpirun {
  readonly name: "MPICH" | "Open MPI";
  readonly command: string;
  /** Words before the program. */
  readonly args: readonly string[];
}

// Debian installs both side by side and gives the plain name to one of them.
const MPIS: readonly (Mpirun & { readonly says: RegExp })[] = [
  { name: "MPICH", command: "mpirun.mpich", args: [], says: /HYDRA|MPICH/i },
  {
    name: "Open MPI",
    command: "mpirun.openmpi",
    args: ["--oversubscribe"],
    says: /OpenRTE|Open MPI/,
  },
];

/** What Open MPI asks of those who are root, and of containers in which processes may not read each other's memory. */
const ENV = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
  NO_COLOR: "1",
  HF_HOME: "/nowhere",
};

/** Those that are here. */
const found: readonly Mpirun[] = (await Promise.all(MPIS.map(async ({ says, ...mpi }) => {
  const said = await new Deno.Command(mpi.command, { args: ["--version"], env: ENV }).output()
    .then(({ stdout }) => new TextDecoder().decode(stdout), () => "");
  return says.test(said) ? [mpi] : [];
}))).flat();

/** The launcher of MPICH, where it is. */
export const mpich: Mpirun | undefined = found.find(({ name }) => name === "MPICH");

/** Registers a test for each of the launchers; without one it is ignored and its name says so. */
export function mpiTest(name: string, run: (mpi: Mpirun) => Promise<void>): void {
  for (const { name: mpi } of MPIS) {
    const here = found.find((one) => one.name === mpi);
    Deno.test({
      name: `${name}, with ${mpi}${here ? "" : " (skipped: not installed)"}`,
      ignore: !here,
      fn: () => run(here!),
    });
  }
}

/** Starts ranks of a program of the project, with its own launcher's process group. */
export function startRanks(
  { command, args }: Mpirun,
  ranks: number,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  return new Deno.Command(command, {
    args: [...args, "-n", `${ranks}`, Deno.execPath(), "run", "-A", ...words],
    env: { ...ENV, ...env },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
}

/** What became of ranks. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs them to their end, or for so many seconds at most, after which they are killed. */
export async function ranRanks(
  mpi: Mpirun,
  ranks: number,
  words: readonly string[],
  { seconds = 400, env }: {
    readonly seconds?: number;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Ended> {
  return await endOf(startRanks(mpi, ranks, words, env), { seconds });
}

/** Waits for the end of ranks. Throws with what they said where they do not end in so many seconds. */
export async function endOf(
  child: Deno.ChildProcess,
  { seconds }: { readonly seconds: number },
): Promise<Ended> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, 1000 * seconds);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = new TextDecoder();
  const ended = { code, out: text.decode(stdout), err: text.decode(stderr) };
  if (late) throw new Error(`not done after ${seconds} s: ${ended.out}${ended.err}`);
  return ended;
}
