/** Reads every image of a data set once and notes what is known of it. Judges nothing. */
import { DataError } from "../errors.ts";
import type { Files } from "../files.ts";
import { type Header, readHeader } from "../headers/header.ts";
import type { Image } from "../image.ts";
import { readImageFile } from "../image_file.ts";
import type { Library } from "../native.ts";
import { Pool } from "../pool.ts";
import type { WatchOptions } from "../watched_worker.ts";
import type { Sample } from "../sample.ts";
import { resizeImage } from "../transforms/resize.ts";
import { type Looks, looksOf } from "./looks.ts";

/** Pixels of the shorter side of the small version that is looked at. */
const SMALL = 64;

/** A part of a data set. */
export type Part = "train" | "validation";

/** An image of a data set and what was found out about it. */
export interface Scanned {
  readonly sample: Sample;
  readonly part: Part;
  /** Bytes of the file; undefined when it could not be read. */
  readonly bytes?: number;
  /** SHA-256 of the file, in hexadecimal. */
  readonly digest?: string;
  /** Undefined when the file is in no known format. */
  readonly header?: Header;
  /** Undefined when it cannot be used. */
  readonly looks?: Looks;
  /** Why it cannot be used. */
  readonly reason?: string;
}

/** How {@linkcode Scanner} works. */
export interface ScannerOptions {
  /** Number of workers that decode; as many as there are processors, at most 4, if not given. */
  readonly workers?: number;
  /** The library that must decode; the best one that runs if not given. */
  readonly library?: Library;
  /** Starts a worker for images; see {@linkcode WatchOptions}. */
  readonly start?: WatchOptions["start"];
}

/** Decodes images to small ones. Call {@linkcode close} at the end, or the workers keep the program alive. */
export class Scanner {
  readonly #files: Files;
  readonly #pool: Pool;

  private constructor(files: Files, pool: Pool) {
    this.#files = files;
    this.#pool = pool;
  }

  /** Starts the workers. */
  static async open(
    files: Files,
    { workers, library, start }: ScannerOptions = {},
  ): Promise<Scanner> {
    const count = workers ?? Math.max(1, Math.min(4, navigator.hardwareConcurrency));
    return new Scanner(files, await Pool.open(count, { library, start }));
  }

  /** What is known of every sample, in order. Calls `scanned` after each. */
  async scan(
    samples: readonly { readonly sample: Sample; readonly part: Part }[],
    scanned: () => void = () => {},
  ): Promise<Scanned[]> {
    const found = new Array<Scanned>(samples.length);
    const positions = samples.entries();
    // As many side by side as keep the workers busy.
    await Promise.all(Array.from({ length: 4 * this.#pool.size }, async () => {
      for (const [i, { sample, part }] of positions) {
        found[i] = await this.#scanOne(sample, part);
        scanned();
      }
    }));
    return found;
  }

  /** A version of an image with `short` pixels on its shorter side. Rejects with DataError. */
  async small({ name, path }: Sample, short: number): Promise<Image> {
    return await this.#decode(name, short, () => readImageFile(this.#files, { name, path }));
  }

  /** Ends the workers. */
  close(): void {
    this.#pool.close();
  }

  async #scanOne(sample: Sample, part: Part): Promise<Scanned> {
    let known: Scanned = { sample, part };
    try {
      const image = await this.#decode(sample.name, SMALL, async () => {
        const bytes = await readImageFile(this.#files, sample);
        const header = readHeader(bytes);
        const digest = await crypto.subtle.digest("SHA-256", bytes);
        known = {
          ...known,
          bytes: bytes.length,
          digest: new Uint8Array(digest).toHex(),
          ...(header && { header }),
        };
        return bytes;
      });
      return { ...known, looks: looksOf(image) };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return { ...known, reason: error.message };
    }
  }

  #decode(name: string, short: number, read: () => Promise<Uint8Array<ArrayBuffer>>) {
    const step = resizeImage({ size: short, interpolation: "bilinear", maxSize: null });
    return this.#pool.prepare(read, { name, steps: [{ step, position: 0 }], keys: [], known: {} });
  }
}
