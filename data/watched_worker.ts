/** A worker for images that is watched: that it broke down, or fell silent over its work, is told. Has no queue. */
import type { Library } from "./native.ts";
import type { Item, Reply, Request } from "./decoding.ts";

/** Seconds that a worker may be silent over a group of images when nobody says otherwise. */
const SILENCE = 60;

/** How workers are started and watched. */
export interface WatchOptions {
  /** The library that must decode; the best one that runs if not given. */
  readonly library?: Library | undefined;
  /** Seconds that it may be silent over a group of images; 60 if not given. */
  readonly silence?: number | undefined;
  /** Starts a worker that answers as `worker.ts` does, which is started if not given. */
  readonly start?: (() => Worker) | undefined;
}

/** What a worker says when it can decode. */
export type Ready = Extract<Reply, { type: "ready" }>;

/** What a worker says of a group. */
export type Done = Extract<Reply, { type: "done" }>;

/** Who hears of a worker. */
export interface Listener {
  readonly done: (reply: Done) => void;
  /** Hears what happened to the worker, which will answer no more. */
  readonly broke: (reason: string) => void;
}

/** A worker that can decode, until it breaks down. */
export class WatchedWorker {
  /** What it said when it began. */
  readonly ready: Ready;
  readonly #worker: Worker;
  readonly #silence: number;
  /** Groups that it holds. */
  #held = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #broke: Listener["broke"] = () => {};

  private constructor(worker: Worker, ready: Ready, silence: number) {
    this.#worker = worker;
    this.ready = ready;
    this.#silence = silence;
  }

  /** Starts a worker and waits until it can decode. Rejects where it cannot begin. */
  static open(options: WatchOptions = {}): Promise<WatchedWorker> {
    const { library, silence = SILENCE, start = startWorker } = options;
    const worker = start();
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        if (data.type === "ready") resolve(new WatchedWorker(worker, data, silence));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        worker.terminate();
        reject(new Error(`Cannot start a worker for images: ${event.message}`));
      };
      worker.postMessage({ type: "open", library } satisfies Request);
    });
  }

  /** Has `listener` hear of the worker from now on. */
  tell({ done, broke }: Listener): void {
    this.#broke = broke;
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.type !== "done") return;
      this.#held--;
      this.#watch();
      done(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#break(`ended (${event.message})`);
    };
  }

  /** Gives it a group of images; buffers of `transfer` go with them. */
  post(id: number, items: readonly Item[], transfer: Transferable[]): void {
    this.#worker.postMessage({ type: "work", id, items } satisfies Request, transfer);
    if (this.#held++ === 0) this.#watch();
  }

  /** Ends it; nobody hears of it any more. */
  terminate(): void {
    clearTimeout(this.#timer);
    this.#worker.onmessage = this.#worker.onerror = null;
    this.#worker.terminate();
  }

  /** Waits anew for the next word. A worker that ends itself without an error is silent too. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#held === 0) return;
    const silent = () => this.#break(`was silent for ${this.#silence} s`);
    this.#timer = setTimeout(silent, 1000 * this.#silence);
  }

  #break(reason: string): void {
    this.terminate();
    this.#broke(reason);
  }
}

function startWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}
