/** A few workers that decode and transform images, and the queue before them. Knows no labels and no batches. */
import { DataError, UnreachableError } from "./errors.ts";
import type { Image } from "./image.ts";
import type { Library } from "./native.ts";
import type { Finished, Work } from "./prepare.ts";
import { type Done, WatchedWorker, type WatchOptions } from "./watched_worker.ts";
import type { Item } from "./decoding.ts";

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
  /** The worker that had it before broke down: it gets one more, alone, so that none is blamed for another. */
  readonly repeated?: true;
}

/** Images that go to a worker together. */
interface Group {
  jobs: readonly Job[];
  /** False while their files are read. */
  sent: boolean;
}

interface Member {
  /** Undefined while another takes the place of one that broke down. */
  worker: WatchedWorker | undefined;
  readonly groups: Map<number, Group>;
  /** How many images make a group. */
  pace: number;
}

function isShared({ buffer }: Uint8Array): boolean {
  return typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;
}

function refused({ name }: Work, reason: string): Error {
  return new Error(`Cannot read ${name}: ${reason}`);
}

/** Works on images side by side. {@linkcode close} must be called, or the program does not end. */
export class Pool {
  /** The library that decodes. */
  readonly library: Library;
  /** Name and version of what decodes: the same text, the same pixels. */
  readonly decoder: string;
  readonly #options: WatchOptions;
  readonly #members: readonly Member[];
  readonly #queue: Job[] = [];
  #dispatching = false;
  #next = 0;
  #closed = false;

  private constructor(workers: readonly WatchedWorker[], options: WatchOptions) {
    const { library, decoder } = workers[0]!.ready;
    this.library = library;
    this.decoder = decoder;
    this.#options = options;
    this.#members = workers.map((worker) => ({ worker, groups: new Map(), pace: 1 }));
    for (const member of this.#members) this.#listen(member);
  }

  /** Starts `count` workers and waits until they can decode. */
  static async open(count: number, options: WatchOptions = {}): Promise<Pool> {
    if (!(Number.isInteger(count) && count > 0)) {
      throw new RangeError(`Cannot start ${count} workers: a positive integer was needed`);
    }
    const starting = Array.from({ length: count }, () => WatchedWorker.open(options));
    const started = await Promise.allSettled(starting);
    const workers = started.flatMap((s) => s.status === "fulfilled" ? [s.value] : []);
    if (workers.length === count) return new Pool(workers, options);
    for (const worker of workers) worker.terminate();
    throw started.find((s) => s.status === "rejected")!.reason;
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
    this.#end("the loader is closed");
  }

  #end(reason: string): void {
    this.#closed = true;
    for (const { worker, groups } of this.#members) {
      worker?.terminate();
      for (const { jobs } of groups.values()) this.#queue.push(...jobs);
      groups.clear();
    }
    for (const { work, reject } of this.#queue.splice(0)) reject(refused(work, reason));
  }

  #done(source: Read | Image, work: Work, into?: Uint8Array): Promise<Image | Finished> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(refused(work, "the loader is closed"));
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
      const free = this.#members.filter(({ worker, groups }) => worker && !holdsRepeat(groups));
      if (free.length === 0) return;
      const member = free.reduce((a, b) => b.groups.size < a.groups.size ? b : a);
      const repeat = this.#queue[0]!.repeated === true;
      if (member.groups.size >= (repeat ? 1 : DEPTH)) return;
      const next = this.#queue.findIndex(({ repeated }) => repeated);
      const share = Math.ceil(this.#queue.length / this.#members.length);
      const most = Math.min(member.pace, share, next < 0 ? Infinity : next);
      void this.#send(member, this.#queue.splice(0, repeat ? 1 : most));
    }
  }

  async #send(member: Member, jobs: readonly Job[]): Promise<void> {
    const id = this.#next++;
    const group: Group = { jobs, sent: false };
    member.groups.set(id, group);
    const read = await Promise.all(jobs.map((job) => this.#read(job)));
    // The pool may have been closed, or the worker have failed, in the meantime.
    if (!member.worker || member.groups.get(id) !== group) return;
    group.jobs = jobs.filter((_, i) => read[i] !== undefined);
    const items = read.filter((item) => item !== undefined);
    if (items.length === 0) {
      member.groups.delete(id);
      return this.#dispatch();
    }
    const buffers = items.map(({ source }) =>
      (source instanceof Uint8Array ? source : source.data).buffer as ArrayBuffer
    );
    group.sent = true;
    member.worker.post(id, items, buffers);
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
      if (error instanceof UnreachableError) return void reject(error);
      const reason = error instanceof Error ? error.message : String(error);
      const text = `Cannot read ${work.name}: ${reason}`;
      reject(error instanceof DataError ? error : new DataError(text));
    }
  }

  #listen(member: Member): void {
    member.worker?.tell({
      done: (reply) => this.#receive(member, reply),
      broke: (reason) => void this.#replace(member, reason),
    });
  }

  #receive(member: Member, reply: Done): void {
    const { jobs = [] } = member.groups.get(reply.id) ?? {};
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

  /** Another worker takes the place of one that broke down; the images it held are tried once more, one by one. */
  async #replace(member: Member, reason: string): Promise<void> {
    const held = [...member.groups.values()];
    member.groups.clear();
    member.worker = undefined;
    for (const { jobs, sent } of held.reverse()) {
      for (const job of jobs.toReversed()) {
        if (!job.repeated) this.#queue.unshift(sent ? { ...job, repeated: true } : job);
        else job.reject(new DataError(faultText(job.work, reason)));
      }
    }
    this.#dispatch();
    try {
      member.worker = await WatchedWorker.open({ ...this.#options, library: this.library });
    } catch (error) {
      return this.#end(
        `a worker for images ${reason}, and no other one starts (${(error as Error).message})`,
      );
    }
    if (this.#closed) return member.worker.terminate();
    this.#listen(member);
    this.#dispatch();
  }
}

/** Whether one of them is tried again. */
function holdsRepeat(groups: ReadonlyMap<number, Group>): boolean {
  for (const { jobs } of groups.values()) if (jobs[0]?.repeated) return true;
  return false;
}

/** What to say of an image that two workers broke down over, the last of which had nothing else. */
function faultText({ name }: Work, reason: string): string {
  return `Cannot read ${name}: of two workers that had it the last one ${reason}, ` +
    "an image that can be decoded was needed";
}
