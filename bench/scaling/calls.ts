/** The few calls of MPI that are timed, of MPICH and Open MPI. Averages no gradients: training has its own. */

/** Handles of MPICH's ABI, which are numbers; Open MPI's are addresses of its symbols. */
const MPICH = { world: 0x44000000, float: 0x4c00040a, sum: 0x58000003, inPlace: -1n };
const SYMBOLS = ["ompi_mpi_comm_world", "ompi_mpi_float", "ompi_mpi_op_sum"] as const;

/** What an MPI does for the probe. */
export interface Calls {
  readonly name: string;
  readonly rank: number;
  readonly ranks: number;
  /** Adds up 32-bit floats in place. */
  sum(bytes: Uint8Array<ArrayBuffer>): void;
  wait(): void;
  end(): void;
}

/** Loads the library, the one of the launcher if none is named, and begins. */
export function openCalls(library = defaultLibrary()): Calls {
  const isOpen = /libmpi\.so\.40/.test(library);
  const handle = isOpen ? "pointer" : "i32";
  const calls = Deno.dlopen(library, {
    MPI_Init: { parameters: ["pointer", "pointer"], result: "i32" },
    MPI_Comm_rank: { parameters: [handle, "buffer"], result: "i32" },
    MPI_Comm_size: { parameters: [handle, "buffer"], result: "i32" },
    MPI_Barrier: { parameters: [handle], result: "i32" },
    MPI_Finalize: { parameters: [], result: "i32" },
    MPI_Allreduce: {
      parameters: ["pointer", "buffer", "i32", handle, handle, handle],
      result: "i32",
    },
  }).symbols;
  const [world, float, sum] = isOpen ? addresses(library) : [MPICH.world, MPICH.float, MPICH.sum];
  const inPlace = Deno.UnsafePointer.create(isOpen ? 1n : BigInt.asUintN(64, MPICH.inPlace));
  // Both kinds of handles go through the same calls.
  const any = calls as unknown as Record<string, (...args: unknown[]) => number>;
  any.MPI_Init!(null, null);
  const out = new Int32Array(1);
  const read = (name: string) => (any[name]!(world, out), out[0]!);
  return {
    name: isOpen ? "Open MPI" : "MPICH",
    rank: read("MPI_Comm_rank"),
    ranks: read("MPI_Comm_size"),
    sum: (bytes) => void any.MPI_Allreduce!(inPlace, bytes, bytes.length / 4, float, sum, world),
    wait: () => void any.MPI_Barrier!(world),
    end: () => void any.MPI_Finalize!(),
  };
}

function addresses(library: string): Deno.PointerValue[] {
  const { symbols } = Deno.dlopen("libdl.so.2", {
    dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
    dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
  });
  const text = (value: string) => new TextEncoder().encode(`${value}\0`);
  const [now, global] = [2, 0x100];
  const loaded = symbols.dlopen(text(library), now | global);
  return SYMBOLS.map((name) => symbols.dlsym(loaded, text(name)));
}

function defaultLibrary(): string {
  const isOpen = Deno.env.get("OMPI_COMM_WORLD_SIZE") !== undefined;
  return isOpen ? "libmpi.so.40" : "libmpich.so.12";
}
