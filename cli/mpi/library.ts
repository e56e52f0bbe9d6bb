/** An MPI library and what its calls take, for each of the three binary interfaces that there are. Makes no call. */

import { UsageError } from "../errors.ts";
import { type Launched, LIBRARY } from "./launcher.ts";

/** A handle: a number or a pointer, as the interface has it. */
export type Handle = number | Deno.PointerValue;

/** A library that is loaded. */
export interface Library {
  /** Its binary interface. */
  readonly abi: "MPICH" | "Open MPI" | "standard ABI";
  /** What it was loaded as. */
  readonly name: string;
  /** Makes a call and returns its code, 0 where it went well. */
  readonly call: (name: CallName, ...args: unknown[]) => number;
  readonly world: Handle;
  readonly float: Handle;
  readonly byte: Handle;
  readonly sum: Handle;
  /** Stands for the buffer that is written to, too. */
  readonly inPlace: Deno.PointerValue;
}

/** The calls that are made. */
export type CallName = keyof ReturnType<typeof signatures>;

/** Open MPI's handles are the addresses of its symbols. */
const SYMBOLS = {
  ...{ world: "ompi_mpi_comm_world", float: "ompi_mpi_float" },
  ...{ byte: "ompi_mpi_byte", sum: "ompi_mpi_op_sum" },
};

/** MPICH's are numbers of 32 bits. */
const MPICH = { world: 0x44000000, float: 0x4c00040a, byte: 0x4c00010d, sum: 0x58000003 };

/** Those of MPI 5 are pointers that it fixes. */
const STANDARD = { world: 0x101, float: 0x210, byte: 0x247, sum: 0x21 };

/** Loads the first library of a launcher that is there. Throws UsageError where none is. */
export function openLibrary({ launcher, size, libraries }: Launched): Library {
  const linker = openLinker();
  for (const name of libraries) {
    const loaded = linker.load(name);
    if (loaded === null) continue;
    const has = (symbol: string) => linker.address(loaded, symbol) !== null;
    if (has(SYMBOLS.world)) {
      const handle = (symbol: string) => linker.address(loaded, symbol);
      return {
        ...{ abi: "Open MPI", name, call: callsOf(name, "pointer") },
        ...{ world: handle(SYMBOLS.world), float: handle(SYMBOLS.float) },
        ...{ byte: handle(SYMBOLS.byte), sum: handle(SYMBOLS.sum), inPlace: pointer(1n) },
      };
    }
    if (name.includes("mpi_abi")) {
      const { world, float, byte, sum } = STANDARD;
      const handle = (value: number) => pointer(BigInt(value));
      return {
        ...{ abi: "standard ABI", name, call: callsOf(name, "pointer") },
        ...{ world: handle(world), float: handle(float), byte: handle(byte), sum: handle(sum) },
        inPlace: pointer(1n),
      };
    }
    const inPlace = pointer(BigInt.asUintN(64, -1n));
    return { abi: "MPICH", name, call: callsOf(name, "i32"), ...MPICH, inPlace };
  }
  throw new UsageError(
    `Cannot join the ${size} processes of ${launcher}: none of ${
      libraries.join(", ")
    } can be loaded, ` +
      `the MPI library of the launcher was needed; ${LIBRARY}=FILE names it`,
  );
}

/** What calls take, where handles are of one kind. Pointers to handles and numbers that are written are buffers. */
function signatures<H extends "i32" | "pointer">(handle: H) {
  const call = <const P extends readonly Deno.NativeType[]>(...parameters: P) =>
    ({ parameters, result: "i32" }) as const;
  const data = "buffer";
  return {
    MPI_Init: call("pointer", "pointer"),
    MPI_Finalize: call(),
    MPI_Abort: call(handle, "i32"),
    MPI_Comm_rank: call(handle, "buffer"),
    MPI_Comm_size: call(handle, "buffer"),
    MPI_Ibarrier: call(handle, "buffer"),
    MPI_Test: call("buffer", "buffer", "buffer"),
    MPI_Allreduce: call("pointer", data, "i32", handle, handle, handle),
    MPI_Bcast: call(data, "i32", handle, "i32", handle),
    MPI_Alltoallv: call(data, data, data, handle, data, data, data, handle, handle),
    MPI_Allgather: call(data, "i32", handle, data, "i32", handle, handle),
    MPI_Allgatherv: call(data, "i32", handle, data, "buffer", "buffer", handle, handle),
  };
}

function callsOf(library: string, handle: "i32" | "pointer"): Library["call"] {
  const { symbols } = Deno.dlopen(library, signatures(handle));
  // Both kinds of handles go through the same calls.
  const calls = symbols as unknown as Record<CallName, (...args: unknown[]) => number>;
  return (name, ...args) => calls[name](...args);
}

/** The system's own way to load libraries, so that plug-ins find what they need of them. */
function openLinker() {
  const { symbols } = Deno.dlopen("libdl.so.2", {
    dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
    dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
  });
  const text = (value: string) => new TextEncoder().encode(`${value}\0`);
  const [now, global] = [2, 0x100];
  return {
    load: (name: string) => symbols.dlopen(text(name), now | global),
    address: (library: Deno.PointerValue, symbol: string) => symbols.dlsym(library, text(symbol)),
  };
}

function pointer(address: bigint): Deno.PointerValue {
  return Deno.UnsafePointer.create(address);
}
