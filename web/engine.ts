/** The page's end of the worker: questions with promises for answers. Draws nothing and computes nothing. */
/// <reference lib="dom" />

import type { RunEvent } from "../mod.ts";
import type {
  Fault,
  FaultKind,
  Message,
  Request,
  RequestName,
  Requests,
  State,
} from "./messages.ts";

/** What a worker refused: its kind chooses the text for people, the message says what exactly. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly kind: FaultKind;

  /** Carries a fault of the worker. */
  constructor({ kind, message }: Fault) {
    super(message);
    this.kind = kind;
  }
}

/** A worker that can be asked. */
export class Engine {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;
  /** Called with what a run says. */
  heard: (event: RunEvent) => void = () => {};
  /** Called when the worker does something else. */
  changed: (state: State) => void = () => {};

  /** Listens to `worker`, which runs `worker.ts`. */
  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<Message>) => this.#hear(data));
    worker.addEventListener("error", ({ message }) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new EngineError({ kind: "program", message }));
      }
      this.#waiting.clear();
    });
  }

  /** Asks; rejects with {@linkcode EngineError}. */
  ask<Name extends RequestName>(
    ask: Name,
    parameters: Requests[Name]["with"],
  ): Promise<Requests[Name]["gives"]> {
    // Only a page may ask for storage that stays, and only when there is something to keep should it.
    if (ask === "train") void navigator.storage.persist?.();
    const id = this.#asked++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#worker.postMessage({ id, ask, with: parameters } as Request);
    return waiting.promise as Promise<Requests[Name]["gives"]>;
  }

  #hear(message: Message): void {
    if ("event" in message) this.heard(message.event);
    else if ("state" in message) this.changed(message.state);
    else {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if ("fault" in message) waiting?.reject(new EngineError(message.fault));
      else waiting?.resolve(message.gives);
    }
  }
}
