/** Ranks over MPI: joins the processes of a launcher. Knows nothing of training. */

import { localRanks, type Ranks } from "../../train/ranks.ts";
import { UsageError } from "../errors.ts";
import { type Launched, launchedBy, LIBRARY } from "./launcher.ts";
import { type Library, openLibrary } from "./library.ts";

/** Ranks that can be left. */
export interface OpenRanks extends Ranks {
  /** What joins them; empty for a process alone. */
  readonly library: string;
  /** Waits until all leave, and leaves. */
  close(): Promise<void>;
}

/** Bytes of one call at most: counts are of 32 bits. */
const MOST = 2 ** 30;

/** Milliseconds for which a rank that waits for others asks all the time, before it lets others have the processor. */
const EAGER = 1;

/**
 * Joins the processes that a launcher started, or none for a process alone. Throws UsageError where the library of the
 * launcher is missing or is another one.
 */
export function openRanks(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): OpenRanks {
  const launched = launchedBy(env);
  if (!launched) return { ...localRanks(1)[0]!, library: "", close: async () => {} };
  return joined(openLibrary(launched), launched);
}

function joined(library: Library, { launcher, size: told }: Launched): OpenRanks {
  const { world, float, byte, sum, inPlace } = library;
  /** Makes a call; errors end the process, with MPI's own words, unless it says otherwise. */
  const call = (name: Parameters<Library["call"]>[0], ...args: unknown[]) => {
    const code = library.call(name, ...args);
    if (code !== 0) throw new Error(`Cannot go on: ${name} of ${library.name} gave ${code}`);
  };
  const read = (name: "MPI_Comm_rank" | "MPI_Comm_size") => {
    const number = new Int32Array(1);
    call(name, world, number);
    return number[0]!;
  };
  call("MPI_Init", null, null);
  const [rank, size] = [read("MPI_Comm_rank"), read("MPI_Comm_size")];
  if (size !== told) {
    call("MPI_Finalize");
    throw new UsageError(
      `Cannot join the ${told} processes of ${launcher}: ${library.name} finds ${size}, ` +
        `the MPI library of the launcher was needed; ${LIBRARY}=FILE names it`,
    );
  }

  /** Waits until all ranks are here. Meanwhile signals are heard, and the processor is free for those who are late. */
  const meet = async () => {
    const [request, flag, status] = [new BigUint64Array(1), new Int32Array(1), new Int32Array(16)];
    call("MPI_Ibarrier", world, request);
    const start = performance.now();
    while (true) {
      call("MPI_Test", request, flag, status);
      if (flag[0] !== 0) return;
      if (performance.now() - start < EAGER) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  /** One call after the other: `exchange` begins when all ranks are here, so it waits for nobody. */
  const inTurn = <T>(exchange: () => T): Promise<T> => {
    const turn = last.then(meet).then(exchange);
    last = turn.catch(() => {});
    return turn;
  };
  const lengths = (own: number) => {
    const all = new Float64Array(size);
    call("MPI_Allgather", Float64Array.of(own), 8, byte, all, 8, byte, world);
    return all;
  };
  return {
    rank,
    size,
    library: `${library.abi}, ${library.name}`,
    allReduce: (numbers) =>
      inTurn(() => {
        for (let at = 0; at < numbers.length; at += MOST / 4) {
          const part = numbers.subarray(at, at + MOST / 4);
          call("MPI_Allreduce", inPlace, part, part.length, float, sum, world);
        }
      }),
    broadcast: (bytes) =>
      inTurn(() => {
        const length = Float64Array.of(bytes.length);
        call("MPI_Bcast", length, 8, byte, 0, world);
        const all = rank === 0 ? bytes.slice() : new Uint8Array(length[0]!);
        for (let at = 0; at < all.length; at += MOST) {
          const part = all.subarray(at, at + MOST);
          call("MPI_Bcast", part, part.length, byte, 0, world);
        }
        return all;
      }),
    gather: (bytes) =>
      inTurn(() => {
        const counts = Int32Array.from(lengths(bytes.length));
        const total = counts.reduce((a, b) => a + b, 0);
        if (total >= 2 ** 31) {
          throw new RangeError(`Cannot gather ${total} bytes: below ${2 ** 31} were needed`);
        }
        const starts = startsOf(counts);
        const all = new Uint8Array(total);
        const sent = [bytes, bytes.length, byte] as const;
        call("MPI_Allgatherv", ...sent, all, counts, starts, byte, world);
        return Array.from({ length: size }, (_, i) => all.slice(starts[i], starts[i + 1]));
      }),
    allToAll: (parts) =>
      inTurn(() => {
        const sent = Int32Array.from(parts, ({ length }) => length);
        const received = new Int32Array(size);
        const four = Int32Array.from({ length: size }, () => 4);
        const places = four.map((_, i) => 4 * i);
        call("MPI_Alltoallv", sent, four, places, byte, received, four, places, byte, world);
        const [from, to] = [startsOf(sent), startsOf(received)];
        const all = new Uint8Array(from.at(-1)!);
        parts.forEach((part, i) => all.set(part, from[i]));
        const got = new Uint8Array(to.at(-1)!);
        call("MPI_Alltoallv", all, sent, from, byte, got, received, to, byte, world);
        return Array.from({ length: size }, (_, i) => got.slice(to[i], to[i + 1]));
      }),
    barrier: () => inTurn(() => {}),
    abort(message, code = 1) {
      console.error(message);
      // Launchers that hear of the end first no longer read what was said.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      library.call("MPI_Abort", world, code);
      Deno.exit(code);
    },
    close: () => inTurn(() => call("MPI_Finalize")),
  };
}

/** Where parts of these lengths begin that lie one behind the other, and where the last one ends. */
function startsOf(lengths: Int32Array): Int32Array<ArrayBuffer> {
  const starts = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => starts[i + 1] = starts[i]! + length);
  return starts;
}
