/** Processes that train one model together, and what they say to each other. Knows no MPI and starts none. */

/**
 * One of several processes, its rank, in a group in which all make the same calls in the same order: each call comes to
 * its end when all have made it. A call with another order or size on one of them is a fault that none may survive.
 */
export interface Ranks {
  /** From 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /**
   * Adds up what all ranks have, in place: the sum is the same on all of them, bit for bit, and in every run with as many
   * ranks.
   */
  allReduce(numbers: Float32Array<ArrayBuffer>): Promise<void>;
  /** What rank 0 has, of any length; what others give is ignored. */
  broadcast(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** What each rank has, of any lengths, in the order of ranks, on all of them. */
  gather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]>;
  /** Hands each rank one of `parts`, of any lengths, and gives what each has handed to this one, in the order of ranks. */
  allToAll(parts: readonly Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>[]>;
  /** Waits until all are here. */
  barrier(): Promise<void>;
  /** Ends all ranks, this one too where it is a process, with an exit code. */
  abort(message: string, code?: number): never;
}

/** Numbers of each rank, in the order of ranks. Every rank gives any number of them. */
export async function gatherNumbers(
  ranks: Ranks,
  numbers: readonly number[],
): Promise<Float64Array[]> {
  const all = await ranks.gather(new Uint8Array(Float64Array.from(numbers).buffer));
  return all.map((bytes) => new Float64Array(bytes.slice().buffer));
}

/** Numbers of each rank, as many as of this one, in the order of ranks. */
export async function gatherFloats(
  ranks: Ranks,
  numbers: Float32Array<ArrayBuffer>,
): Promise<Float32Array[]> {
  const { buffer, byteOffset, byteLength } = numbers;
  const all = await ranks.gather(new Uint8Array(buffer, byteOffset, byteLength));
  return all.map((bytes) => new Float32Array(bytes.slice().buffer));
}

/** What rank 0 has, as JSON. */
export async function broadcastValue<T>(ranks: Ranks, value: T): Promise<T> {
  const text = new TextEncoder().encode(JSON.stringify(value ?? null));
  return JSON.parse(new TextDecoder().decode(await ranks.broadcast(text)));
}

/** A call that a rank made, and what it gave. */
interface Call {
  readonly name: keyof Ranks;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Ranks in one process, for a process alone and for tests: each is to be used by a task of its own. */
export function localRanks(size: number): Ranks[] {
  let calls = new Map<number, Call>();
  let met = Promise.withResolvers<readonly Call[]>();
  met.promise.catch(() => {}); // told to those who wait
  /** What all ranks gave, once all have made this call. */
  const meet = async (rank: number, call: Call): Promise<Uint8Array<ArrayBuffer>[]> => {
    if (calls.has(rank)) {
      throw new TypeError(
        `Cannot ${call.name}: rank ${rank} waits for ${
          calls.get(rank)!.name
        }, one call at a time was needed`,
      );
    }
    // Its own copy: nobody's may change before all have read it.
    calls.set(rank, { ...call, bytes: call.bytes.slice() });
    const { promise, resolve } = met;
    if (calls.size === size) {
      const all = [...calls].sort(([a], [b]) => a - b).map(([, one]) => one);
      [calls, met] = [new Map(), Promise.withResolvers()];
      met.promise.catch(() => {});
      resolve(all);
    }
    const all = await promise;
    const other = all.findIndex(({ name }) => name !== call.name);
    if (other >= 0) {
      throw new TypeError(
        `Cannot ${call.name}: rank ${other} called ${all[other]!.name}, the same call was needed`,
      );
    }
    return all.map(({ bytes }) => bytes);
  };
  return Array.from({ length: size }, (_, rank): Ranks => ({
    rank,
    size,
    async allReduce(numbers) {
      const { buffer, byteOffset, byteLength } = numbers;
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      const all = await meet(rank, { name: "allReduce", bytes });
      const wrong = all.find((one) => one.length !== byteLength);
      if (wrong) {
        throw new RangeError(
          `Cannot add up ${numbers.length} numbers: another rank has ${wrong.length / 4}, ` +
            "as many were needed",
        );
      }
      numbers.fill(0);
      for (const one of all) {
        new Float32Array(one.buffer).forEach((x, i) => numbers[i]! += x);
      }
    },
    async broadcast(bytes) {
      const [first] = await meet(rank, { name: "broadcast", bytes });
      return first!.slice();
    },
    async gather(bytes) {
      const all = await meet(rank, { name: "gather", bytes });
      return all.map((one) => one.slice());
    },
    async allToAll(parts) {
      const ends = parts.map((_, i) =>
        parts.slice(0, i + 1).reduce((n, { length }) => n + length, 0)
      );
      const head = new Uint8Array(Float64Array.from([0, ...ends]).buffer);
      const bytes = new Uint8Array(head.length + ends.at(-1)!);
      bytes.set(head);
      parts.forEach((part, i) => bytes.set(part, head.length + ends[i]! - part.length));
      return (await meet(rank, { name: "allToAll", bytes })).map((one) => {
        const at = new Float64Array(one.buffer, 0, size + 1);
        return one.slice(head.length + at[rank]!, head.length + at[rank + 1]!);
      });
    },
    async barrier() {
      await meet(rank, { name: "barrier", bytes: new Uint8Array() });
    },
    abort(message) {
      const error = new Error(message);
      met.reject(error);
      throw error;
    },
  }));
}
