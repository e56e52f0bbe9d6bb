/** Pause and stop: where a run waits, or ends, between two steps. Trains nothing. */

import type { FitData, LoaderOptions } from "../run.ts";

/** A person ended the run. */
export class StoppedError extends Error {
  /** Tells it from other errors. */
  override readonly name = "StoppedError";
}

/** What a person says to a run that goes on. */
export class Pacing {
  #paused: PromiseWithResolvers<void> | undefined;
  #stopped = false;

  /** Whether the run waits. */
  get paused(): boolean {
    return this.#paused !== undefined;
  }

  /** Whether it was told to end. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Lets it wait before the next step. */
  pause(): void {
    if (!this.#stopped) this.#paused ??= Promise.withResolvers<void>();
  }

  /** Lets it go on. */
  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** Lets it end before the next step. */
  stop(): void {
    this.#stopped = true;
    this.resume();
  }

  /** Waits while the run is paused. Throws StoppedError where it is to end. */
  async turn(): Promise<void> {
    await this.#paused?.promise;
    if (this.#stopped) throw new StoppedError("Stopped");
  }

  /** The images of a run, each batch of which waits its turn. */
  paced({ train, validation }: FitData): FitData {
    const { loader } = train;
    const turn = () => this.turn();
    async function* batches(options: LoaderOptions) {
      for await (const batch of loader.batches(options)) {
        await turn();
        yield batch;
      }
    }
    return { train: { ...train, loader: { batches } }, validation };
  }
}
