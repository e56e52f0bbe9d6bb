/** A worker that decodes and transforms images, in the order they come. Reads no file itself. */
import { openDecoder } from "./decode.ts";
import { DataError } from "./errors.ts";
import type { Image } from "./image.ts";
import type { Library } from "./native.ts";
import { finish, type Finished, prepare, type Work } from "./prepare.ts";

/** What the worker is told: first which library to use, then images. */
export type Request =
  | { readonly type: "open"; readonly library: Library | undefined }
  | {
    readonly type: "prepare";
    readonly id: number;
    /** Of an image file. */
    readonly bytes: Uint8Array;
    readonly work: Work;
  }
  | {
    readonly type: "finish";
    readonly id: number;
    readonly image: Image;
    readonly work: Work;
  };

/** What the worker answers; `bad` says that the file is at fault, not the program. */
export type Reply =
  | { readonly type: "ready"; readonly library: Library; readonly decoder: string }
  | { readonly type: "prepared"; readonly id: number; readonly result: Image }
  | { readonly type: "finished"; readonly id: number; readonly result: Finished }
  | {
    readonly type: "failed";
    readonly id: number;
    readonly message: string;
    readonly bad: boolean;
  };

/** The few names of a worker's global scope used here; the libraries of types disagree about the rest. */
interface Scope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
let decoder: ReturnType<typeof openDecoder> | undefined;

async function answer(request: Request): Promise<void> {
  if (request.type === "open") {
    decoder = openDecoder(request.library);
    const { library, version } = await decoder;
    scope.postMessage({ type: "ready", library, decoder: version }, []);
    return;
  }
  const { id, work } = request;
  try {
    if (request.type === "finish") {
      const result = await finish(request.image, work);
      scope.postMessage({ type: "finished", id, result }, [result.pixels.buffer]);
      return;
    }
    const image = await prepare(await (decoder ??= openDecoder()), request.bytes, work);
    // A copy of its own, so that what is transferred is never a part of a larger buffer.
    const data = new Uint8Array(image.data);
    scope.postMessage({ type: "prepared", id, result: { ...image, data } }, [data.buffer]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    scope.postMessage({ type: "failed", id, message, bad: error instanceof DataError }, []);
  }
}

scope.onmessage = ({ data }) => void answer(data);
