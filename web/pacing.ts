/** Pause, stop and saves within an epoch: what a run is told when it asks whether to go on. Trains nothing. */

import type { Answer, Asked } from "../run.ts";

/** Seconds between two saves within an epoch where nobody says otherwise. */
const SAVE_EVERY = 60;

/** What a person says to a run that goes on. */
export class Pacing {
  readonly #saveEvery: number;
  #paused: PromiseWithResolvers<void> | undefined;
  #stopped = false;
  #saved = performance.now();

  /** Saves every so many seconds. */
  constructor(saveEvery: number = SAVE_EVERY) {
    this.#saveEvery = saveEvery;
  }

  /** Whether the run waits. */
  get paused(): boolean {
    return this.#paused !== undefined;
  }

  /** Whether it was told to end. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Lets it wait where it asks next. */
  pause(): void {
    if (!this.#stopped) this.#paused ??= Promise.withResolvers<void>();
  }

  /** Lets it go on. */
  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** Lets it save and end where it asks next. */
  stop(): void {
    this.#stopped = true;
    this.resume();
  }

  /** Answers a run after each step, batch of validation and epoch, once it is not paused. */
  readonly ask = async ({ after }: Asked): Promise<Answer> => {
    await this.#paused?.promise;
    if (this.#stopped) return "stop";
    const now = performance.now();
    if (after === "epoch") this.#saved = now; // each is saved
    if (after !== "step" || now - this.#saved < 1000 * this.#saveEvery) return "go on";
    this.#saved = now;
    return "save";
  };
}
