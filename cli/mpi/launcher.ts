/** Who started this process as one of several, as its environment says, and which MPI goes with that. Loads nothing. */

/** A launcher of several processes. */
export interface Launched {
  /** What people call it. */
  readonly launcher: string;
  /** How many processes it says there are. */
  readonly size: number;
  /** Libraries to try, the first that is there. */
  readonly libraries: readonly string[];
}

/** Names of libraries by their binary interface. The first of MPICH's is Debian's name, the second everybody else's. */
const MPICH = ["libmpich.so.12", "libmpi.so.12"];
const OPEN_MPI = ["libmpi.so.40"];
const STANDARD = ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so"];

/** The variable that names a library where the one that is found is not the launcher's. */
export const LIBRARY = "VERITY_MPI";

/** The launcher of several processes; undefined for a process that is alone. */
export function launchedBy(
  env: (name: string) => string | undefined,
): Launched | undefined {
  const named = env(LIBRARY);
  const among = (name: string, launcher: string, libraries: readonly string[]) => {
    const size = Number(env(name));
    if (!(size > 1)) return undefined;
    return { launcher, size, libraries: named === undefined ? libraries : [named] };
  };
  // Steps that `srun` starts: a batch script has its job's variables and is alone.
  const slurm = env("PMIX_RANK") === undefined
    ? [...MPICH, ...STANDARD, ...OPEN_MPI]
    : [...OPEN_MPI, ...STANDARD, ...MPICH];
  return among("OMPI_COMM_WORLD_SIZE", "mpirun of Open MPI", [...OPEN_MPI, ...STANDARD]) ??
    among("SLURM_STEP_NUM_TASKS", "srun", slurm) ??
    among("PMI_SIZE", "mpirun of MPICH", [...MPICH, ...STANDARD, ...OPEN_MPI]);
}
