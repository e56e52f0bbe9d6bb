/** What a worker for images does: it decodes and transforms them in the order they come. Reads no file itself. */
import { type Decoder, openDecoder } from "./decode.ts";
import type { Codec } from "./decoders/codec.ts";
import { DataError } from "./errors.ts";
import type { Image } from "./image.ts";
import type { Library } from "./native.ts";
import { finish, type Finished, prepare, type Work } from "./prepare.ts";

/** What is to be done with one image. */
export interface Item {
  /** Bytes of an image file, or a prepared image. */
  readonly source: Uint8Array | Image;
  readonly work: Work;
  /** For a batch: where the pixels go in shared memory, or how many bytes of them are sent back. */
  readonly into?: Uint8Array | number;
}

/** What the worker is told: first which library to use, then groups of images. */
export type Request =
  | { readonly type: "open"; readonly library: Library | undefined }
  | { readonly type: "work"; readonly id: number; readonly items: readonly Item[] };

/** What became of one image; `bad` says that the file is at fault, not the program. */
export type Outcome =
  | { readonly image: Image }
  | { readonly finished: Finished; readonly pixels?: Uint8Array<ArrayBuffer> }
  | { readonly message: string; readonly bad: boolean };

/** What the worker answers. */
export type Reply =
  | { readonly type: "ready"; readonly library: Library; readonly decoder: string }
  | {
    readonly type: "done";
    readonly id: number;
    readonly outcomes: readonly Outcome[];
    /** What the group took. */
    readonly seconds: number;
  };

/** The few names of a worker's global scope used here; the libraries of types disagree about the rest. */
export interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply, transfer: Transferable[]): void;
}

/** Images in work at once: while sharp decodes one on a thread of its own, this thread resizes another. */
const LANES = 2;

async function outcomeOf({ source, work, into }: Item, decoder: Decoder): Promise<Outcome> {
  try {
    const image = source instanceof Uint8Array ? await decoder.decode(source, work.name) : source;
    if (into === undefined) return { image: await prepare(image, work) };
    if (typeof into !== "number") return { finished: await finish(image, work, into) };
    const pixels = new Uint8Array(into);
    return { finished: await finish(image, work, pixels), pixels };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { message, bad: error instanceof DataError };
  }
}

/**
 * Makes the worker whose global scope this is one for images. `other` reads what a browser's libraries do not; see
 * {@linkcode openDecoder}.
 */
export function serveDecoding(scope: WorkerScope, other?: Codec): void {
  const lanes = Array.from({ length: LANES }, () => Promise.resolve());
  let decoder: Promise<Decoder> | undefined;
  let turn = 0;

  async function answer(request: Request): Promise<void> {
    if (request.type === "open") {
      decoder = openDecoder(request.library, other);
      const { library, version } = await decoder;
      scope.postMessage({ type: "ready", library, decoder: version }, []);
      return;
    }
    const { id, items } = request;
    const opened = await (decoder ??= openDecoder(undefined, other));
    let start: number | undefined;
    const outcomes = await Promise.all(items.map((item) => {
      const lane = turn++ % LANES;
      const outcome = lanes[lane]!.then(() => {
        start ??= performance.now();
        return outcomeOf(item, opened);
      });
      lanes[lane] = outcome.then(() => {});
      return outcome;
    }));
    const seconds = (performance.now() - start!) / 1000;
    const buffers = outcomes.flatMap((outcome) => {
      const own = "image" in outcome
        ? outcome.image.data
        : "finished" in outcome
        ? outcome.pixels
        : undefined;
      return own ? [own.buffer as ArrayBuffer] : [];
    });
    scope.postMessage({ type: "done", id, outcomes, seconds }, buffers);
  }

  scope.onmessage = ({ data }) => void answer(data);
}
