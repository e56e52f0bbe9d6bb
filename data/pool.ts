/** A few workers that decode and transform images, and the queue before them. Knows no labels and no batches. */
import { DataError } from "./errors.ts";
import type { Image } from "./image.ts";
import type { Library } from "./native.ts";
import type { Finished, Work } from "./prepare.ts";
import type { Item, Reply, Request } from "./worker.ts";

/** Groups of images a worker holds at once: one in work, the others so that it need not wait for the next. */
const DEPTH = 2;

/** Most images in a group, and the seconds of work it should be: a message costs as much for one as for many. */
const GROUP = { images: 16, seconds: 0.01 } as const;

/** Reads a file; called when a worker is free for it. */
export type Read = () => Promise<Uint8Array<ArrayBuffer>>;

interface Job {
  readonly work: Work;
  /** A file, or a prepared image. */
  readonly source: Read | Image;
  /** For a batch: where the pixels go. */
  readonly into: Uint8Array | undefined;
  readonly resolve: (result: Image | Finished) => void;
  readonly reject: (error: Error) => void;
}

interface Member {
  readonly worker: Worker;
  readonly groups: Map<number, readonly Job[]>;
  /** How many images make a group. */
  pace: number;
}

/** What a worker says when it can decode. */
type Ready = Extract<Reply, { type: "ready" }>;

function start(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

function post(worker: Worker, request: Request, transfer: Transferable[] = []): void {
  worker.postMessage(request, transfer);
}

/** Waits for a new worker to say which library it found. */
function ready(worker: Worker, library: Library | undefined): Promise<Ready> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.type === "ready") resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot start a worker for images: ${event.message}`));
    };
    post(worker, { type: "open", library });
  });
}

function isShared({ buffer }: Uint8Array): boolean {
  return typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;
}

function closed({ name }: Work): Error {
  return new Error(`Cannot read ${name}: the loader is closed`);
}

/** Works on images side by side. {@linkcode close} must be called, or the program does not end. */
export class Pool {
  /** The library that decodes. */
  readonly library: Library;
  /** Name and version of what decodes: the same text, the same pixels. */
  readonly decoder: string;
  readonly #members: readonly Member[];
  readonly #queue: Job[] = [];
  #dispatching = false;
  #next = 0;
  #closed = false;

  private constructor(workers: readonly Worker[], { library, decoder }: Ready) {
    this.library = library;
    this.decoder = decoder;
    this.#members = workers.map((worker) => ({ worker, groups: new Map(), pace: 1 }));
    for (const member of this.#members) {
      member.worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(member, data);
      member.worker.onerror = (event) => {
        event.preventDefault();
        this.#fail(member, event.message);
      };
    }
  }

  /** Starts `count` workers and waits until they can decode. */
  static async open(count: number, library?: Library): Promise<Pool> {
    if (!(Number.isInteger(count) && count > 0)) {
      throw new RangeError(`Cannot start ${count} workers: a positive integer was needed`);
    }
    const workers = Array.from({ length: count }, start);
    try {
      const found = await Promise.all(workers.map((worker) => ready(worker, library)));
      return new Pool(workers, found[0]!);
    } catch (error) {
      for (const worker of workers) worker.terminate();
      throw error;
    }
  }

  /** Number of workers. */
  get size(): number {
    return this.#members.length;
  }

  /** The image in a file after steps. Rejects with DataError when it cannot be read, decoded or transformed. */
  async prepare(read: Read, work: Work): Promise<Image> {
    return await this.#done(read, work) as Image;
  }

  /**
   * Writes a prepared image after steps, or the one in a file after all of them, to `into`; at once where that is shared
   * memory. Rejects with DataError when it cannot be read or does not fit the steps.
   */
  async finish(source: Read | Image, work: Work, into: Uint8Array): Promise<Finished> {
    return await this.#done(source, work, into) as Finished;
  }

  /** Ends the workers; what is still under way is rejected. */
  close(): void {
    this.#closed = true;
    for (const { worker, groups } of this.#members) {
      worker.terminate();
      for (const jobs of groups.values()) this.#queue.push(...jobs);
      groups.clear();
    }
    for (const { work, reject } of this.#queue.splice(0)) reject(closed(work));
  }

  #done(source: Read | Image, work: Work, into?: Uint8Array): Promise<Image | Finished> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(closed(work));
      const job = { work, source, into, resolve, reject };
      // What is nearly done goes first: it belongs to the batch that is waited for.
      if (typeof source === "function") this.#queue.push(job);
      else this.#queue.unshift(job);
      if (this.#dispatching) return;
      // Not before all that is asked for now is in the queue.
      this.#dispatching = true;
      queueMicrotask(() => {
        this.#dispatching = false;
        this.#dispatch();
      });
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const member = this.#members.reduce((a, b) => b.groups.size < a.groups.size ? b : a);
      if (member.groups.size >= DEPTH) return;
      const share = Math.ceil(this.#queue.length / this.#members.length);
      void this.#send(member, this.#queue.splice(0, Math.min(member.pace, share)));
    }
  }

  async #send(member: Member, jobs: readonly Job[]): Promise<void> {
    const id = this.#next++;
    member.groups.set(id, jobs);
    const read = await Promise.all(jobs.map((job) => this.#read(job)));
    // The pool may have been closed, or the worker have failed, in the meantime.
    if (!member.groups.has(id)) return;
    const kept = jobs.filter((_, i) => read[i] !== undefined);
    const items = read.filter((item) => item !== undefined);
    if (items.length === 0) {
      member.groups.delete(id);
      return this.#dispatch();
    }
    member.groups.set(id, kept);
    const buffers = items.map(({ source }) =>
      (source instanceof Uint8Array ? source : source.data).buffer as ArrayBuffer
    );
    post(member.worker, { type: "work", id, items }, buffers);
  }

  /** What a worker is told of a job; undefined where the file cannot be read, which the job then knows. */
  async #read({ source, work, into, reject }: Job): Promise<Item | undefined> {
    const target = into && { into: isShared(into) ? into : into.length };
    // A copy, for what is sent leaves this thread.
    if (typeof source !== "function") {
      return { source: { ...source, data: source.data.slice() }, work, ...target };
    }
    try {
      return { source: await source(), work, ...target };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      reject(new DataError(`Cannot read ${work.name}: ${reason}`));
    }
  }

  #receive(member: Member, reply: Reply): void {
    if (reply.type === "ready") return;
    const jobs = member.groups.get(reply.id) ?? [];
    member.groups.delete(reply.id);
    const each = reply.seconds / Math.max(1, jobs.length);
    member.pace = Math.max(1, Math.min(GROUP.images, Math.round(GROUP.seconds / each)));
    for (const [i, job] of jobs.entries()) {
      const outcome = reply.outcomes[i]!;
      if ("image" in outcome) job.resolve(outcome.image);
      else if ("finished" in outcome) {
        if (outcome.pixels) job.into!.set(outcome.pixels);
        job.resolve(outcome.finished);
      } else job.reject(outcome.bad ? new DataError(outcome.message) : new Error(outcome.message));
    }
    this.#dispatch();
  }

  /** A worker that breaks down ends the pool; the images it held are named. */
  #fail({ worker, groups }: Member, message: string): void {
    worker.terminate();
    for (const { work, reject } of [...groups.values()].flat()) {
      reject(new DataError(`Cannot read ${work.name}: the worker for images ended (${message})`));
    }
    groups.clear();
    this.close();
  }
}
