/** The worker of the page: it answers what the page asks, or, under another name, decodes images. */
/// <reference lib="dom" />

import { serveDecoding, type WorkerScope } from "../run.ts";
import { browserCodec, DECODER } from "./decoding.ts";
import { faultOf } from "./faults.ts";
import type { Message, Request } from "./messages.ts";
import { Studio } from "./studio.ts";

/** What is used of a worker's scope; the library of types of pages has that of a window. */
interface Scope {
  readonly name: string;
  postMessage(message: Message): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
}

const scope = globalThis as unknown as Scope;

if (scope.name === DECODER) serveDecoding(scope as unknown as WorkerScope, browserCodec);
else serve();

function serve(): void {
  const studio = new Studio({
    heard: (event) => scope.postMessage({ event }),
    changed: (state) => scope.postMessage({ state }),
  });
  scope.onmessage = async ({ data: { id, ask, with: parameters } }) => {
    try {
      const answer = studio.answers[ask] as (parameters: unknown) => Promise<never>;
      scope.postMessage({ id, gives: await answer(parameters) });
    } catch (error) {
      scope.postMessage({ id, fault: faultOf(error) });
    }
  };
}
