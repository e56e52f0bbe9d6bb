/** A few workers that decode and transform images, and the queue before them. Knows no labels and no batches. */
import { DataError } from "./errors.ts";
import type { Image } from "./image.ts";
import type { Library } from "./native.ts";
import type { Finished, Work } from "./prepare.ts";
import type { Reply, Request } from "./worker.ts";

/** Images a worker holds at once: one in work, the others so that it need not wait for the next. */
const DEPTH = 3;

/** Reads a file; called when a worker is free for it. */
export type Read = () => Promise<Uint8Array<ArrayBuffer>>;

interface Job {
  readonly work: Work;
  /** A file to be prepared, or a prepared image to be finished. */
  readonly source: Read | Image;
  readonly resolve: (result: Image | Finished) => void;
  readonly reject: (error: Error) => void;
}

interface Member {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
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
  #next = 0;
  #closed = false;

  private constructor(workers: readonly Worker[], { library, decoder }: Ready) {
    this.library = library;
    this.decoder = decoder;
    this.#members = workers.map((worker) => ({ worker, jobs: new Map() }));
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

  /** A prepared image after steps, for a batch. Rejects with DataError when it does not fit them. */
  async finish(image: Image, work: Work): Promise<Finished> {
    return await this.#done(image, work) as Finished;
  }

  /** Ends the workers; what is still under way is rejected. */
  close(): void {
    this.#closed = true;
    for (const { worker, jobs } of this.#members) {
      worker.terminate();
      this.#queue.push(...jobs.values());
      jobs.clear();
    }
    for (const { work, reject } of this.#queue.splice(0)) reject(closed(work));
  }

  #done(source: Read | Image, work: Work): Promise<Image | Finished> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(closed(work));
      const job = { work, source, resolve, reject };
      // What is nearly done goes first: it belongs to the batch that is waited for.
      if (typeof source === "function") this.#queue.push(job);
      else this.#queue.unshift(job);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const member = this.#members.reduce((a, b) => b.jobs.size < a.jobs.size ? b : a);
      if (member.jobs.size >= DEPTH) return;
      void this.#send(member, this.#queue.shift()!);
    }
  }

  async #send(member: Member, job: Job): Promise<void> {
    const id = this.#next++;
    const { work, source, reject } = job;
    member.jobs.set(id, job);
    try {
      if (typeof source !== "function") {
        post(member.worker, { type: "finish", id, image: source, work });
        return;
      }
      const bytes = await source();
      // The pool may have been closed, or the worker have failed, in the meantime.
      if (!member.jobs.has(id)) return;
      post(member.worker, { type: "prepare", id, bytes, work }, [bytes.buffer]);
    } catch (error) {
      member.jobs.delete(id);
      const reason = error instanceof Error ? error.message : String(error);
      reject(new DataError(`Cannot read ${work.name}: ${reason}`));
      this.#dispatch();
    }
  }

  #receive({ jobs }: Member, reply: Reply): void {
    if (reply.type === "ready") return;
    const job = jobs.get(reply.id);
    jobs.delete(reply.id);
    if (reply.type !== "failed") job?.resolve(reply.result);
    else job?.reject(reply.bad ? new DataError(reply.message) : new Error(reply.message));
    this.#dispatch();
  }

  /** A worker that breaks down ends the pool; the images it held are named. */
  #fail({ worker, jobs }: Member, message: string): void {
    worker.terminate();
    for (const { work, reject } of jobs.values()) {
      reject(new DataError(`Cannot read ${work.name}: the worker for images ended (${message})`));
    }
    jobs.clear();
    this.close();
  }
}
