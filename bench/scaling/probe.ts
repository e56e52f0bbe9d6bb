/**
 * Times all-reduces of this machine's MPI, one JSON object a line: `mpirun -n 2 deno run -A bench/scaling/probe.ts`, with
 * the path of the library behind it where it is not found. Averages no gradients: training has its own.
 */

/** Median and least milliseconds of so many calls of each size. */
interface Timed {
  readonly mpi: string;
  readonly ranks: number;
  readonly bytes: number;
  readonly median: number;
  readonly least: number;
}

/** Handles of MPICH's ABI, which are numbers; Open MPI's are addresses of its symbols. */
const MPICH = { world: 0x44000000, float: 0x4c00040a, sum: 0x58000003, inPlace: -1n };
const SYMBOLS = ["ompi_mpi_comm_world", "ompi_mpi_float", "ompi_mpi_op_sum"] as const;

const least = 2 ** 12;
const most = 2 ** 26;

interface Calls {
  readonly name: string;
  readonly rank: number;
  readonly ranks: number;
  /** Adds up 32-bit floats in place. */
  sum(bytes: Uint8Array<ArrayBuffer>): void;
  wait(): void;
  end(): void;
}

function open(library: string): Calls {
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

function timed(mpi: Calls, bytes: number): Timed {
  const numbers = new Uint8Array(new Float32Array(bytes / 4).fill(1).buffer);
  const times: number[] = [];
  const count = bytes <= 2 ** 16 ? 200 : bytes <= 2 ** 22 ? 30 : 8;
  for (let i = -3; i < count; i++) {
    mpi.wait();
    const start = performance.now();
    mpi.sum(numbers);
    if (i >= 0) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const [median, least] = [times[count >> 1]!, times[0]!].map((ms) => Number(ms.toFixed(4)));
  return { mpi: mpi.name, ranks: mpi.ranks, bytes, median: median!, least: least! };
}

if (import.meta.main) {
  const isOpen = Deno.env.get("OMPI_COMM_WORLD_SIZE") !== undefined;
  const mpi = open(Deno.args[0] ?? (isOpen ? "libmpi.so.40" : "libmpich.so.12"));
  for (let bytes = least; bytes <= most; bytes *= 4) {
    const one = timed(mpi, bytes);
    if (mpi.rank === 0) console.log(JSON.stringify(one));
  }
  mpi.end();
}
