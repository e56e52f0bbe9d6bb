/** The worker for images that a {@linkcode Pool} starts where no other is given. Does nothing else. */
import { serveDecoding, type WorkerScope } from "./decoding.ts";

serveDecoding(globalThis as unknown as WorkerScope);
