/** A worker that prepares images: bytes in, pixels out, in the order they come. Reads no file itself. */
import { openDecoder } from "./decode.ts";
import { DataError } from "./errors.ts";
import type { Image } from "./image.ts";
import type { Library } from "./native.ts";
import { prepare } from "./prepare.ts";
import type { Interpolation } from "./transforms/resize.ts";

/** What the worker is told: first which library to use, then images. */
export type Request =
  | { readonly type: "open"; readonly library: Library | undefined }
  | {
    readonly type: "prepare";
    readonly id: number;
    readonly name: string;
    readonly bytes: Uint8Array;
    readonly short: number;
    readonly interpolation: Interpolation;
  };

/** What the worker answers; `bad` says that the file is at fault, not the program. */
export type Reply =
  | { readonly type: "ready"; readonly library: Library; readonly decoder: string }
  | { readonly type: "image"; readonly id: number; readonly image: Image }
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
  const { id, bytes, ...options } = request;
  try {
    const image = await prepare(await (decoder ??= openDecoder()), bytes, options);
    // A copy of its own, so that what is transferred is never a part of a larger buffer.
    const data = new Uint8Array(image.data);
    scope.postMessage({ type: "image", id, image: { ...image, data } }, [data.buffer]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    scope.postMessage({ type: "failed", id, message, bad: error instanceof DataError }, []);
  }
}

scope.onmessage = ({ data }) => void answer(data);
