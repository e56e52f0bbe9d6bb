/** An object on a server as bytes that are read by parts: tries again, goes on where it was cut. Names no server. */
import { DataError, UnreachableError } from "../errors.ts";
import type { Range } from "../files.ts";
import type { Lanes } from "./lanes.ts";
import { type Asker, askPart, Hiccup, type Version } from "./request.ts";
import type { Address } from "./shard_list.ts";

/** Bytes that are read when an object is opened: where an archive begins. */
const OPENING = 2 ** 16;

/** Tries in a row that bring no byte. */
const TRIES = 6;

/** Longest and shortest wait before another try, in milliseconds; doubled from one to the next. */
const WAIT = [500, 30_000] as const;

/** Longest wait that a server may ask for. */
const PATIENCE = 300_000;

/** What is known of an object that is there. */
interface Opened {
  readonly version: Version;
  /** Its first bytes, until others are read. */
  begin: Uint8Array<ArrayBuffer>;
}

/** An object; opened when it is first asked for. */
export class RemoteObject {
  readonly #address: Address;
  readonly #asker: Asker;
  readonly #lanes: Lanes;
  #opened: Promise<Opened | undefined> | undefined;

  /** An object that `asker` is to ask for, when one of `lanes` is free. */
  constructor(address: Address, asker: Asker, lanes: Lanes) {
    this.#address = address;
    this.#asker = asker;
    this.#lanes = lanes;
  }

  /** Its size and state, undefined where there is none. Rejects as {@linkcode read} does. */
  async version(): Promise<Version | undefined> {
    return (await this.#open())?.version;
  }

  /**
   * A part of it. Rejects with {@linkcode DataError} where there is no such part, with {@linkcode UnreachableError} where
   * the server refuses or did not answer often enough, or the object has changed since it was opened.
   */
  async read(range: Range): Promise<Uint8Array<ArrayBuffer>> {
    const { path } = this.#address;
    const opened = await this.#open();
    if (!opened) {
      throw new DataError(`Cannot read ${path}: there is no such object, one was needed`);
    }
    const { version, begin } = opened;
    const end = range.offset + range.length;
    if (end > version.size) {
      throw new DataError(
        `Cannot read ${path}: it ends at byte ${version.size}, ${end} were needed`,
      );
    }
    if (end <= begin.length) return begin.slice(range.offset, end);
    // There may be very many objects, and few that are read from their beginning again.
    opened.begin = new Uint8Array();
    return (await this.#receive(range, version)).bytes;
  }

  #open() {
    if (!this.#opened) {
      this.#opened = this.#receive({ offset: 0, length: OPENING }).then(({ version, bytes }) =>
        version && { version, begin: bytes }
      );
      // What is not there now may be later.
      this.#opened.then((opened) => opened ?? this.#forget(), () => this.#forget());
    }
    return this.#opened;
  }

  #forget(): void {
    this.#opened = undefined;
  }

  /** The bytes of a part, fewer where the object ends before, and the state they are of. */
  async #receive({ offset, length }: Range, known?: Version) {
    let bytes = new Uint8Array(length);
    let version = known;
    let [got, failed] = [0, 0];
    while (got < bytes.length) {
      const before = got;
      try {
        const found = await this.#lanes.run(async () => {
          const range = { offset: offset + got, length: bytes.length - got };
          const answer = await askPart(this.#asker, this.#address.url, { range, known: version });
          if (!answer.version) return false;
          version = answer.version;
          const left = Math.max(0, version.size - offset);
          if (left < bytes.length) bytes = bytes.slice(0, left);
          for await (const chunk of answer.parts()) {
            // More than was asked for is not wanted.
            const fits = chunk.subarray(0, bytes.length - got);
            bytes.set(fits, got);
            got += fits.length;
            if (got === bytes.length) break;
          }
          return true;
        });
        if (!found) return { version: undefined, bytes };
        if (got < bytes.length) throw new Hiccup(`Cannot read ${this.#address.path}: it was cut`);
      } catch (error) {
        if (!(error instanceof Hiccup)) throw error;
        failed = got > before ? 1 : failed + 1;
        if (failed === TRIES) {
          throw new UnreachableError(
            `${error.message}, ${TRIES} times in a row: an answer was needed; begin again later`,
          );
        }
        await this.#asker.wait(Math.min(PATIENCE, error.pause ?? pauseAfter(failed)));
      }
    }
    return { version, bytes };
  }
}

/** Milliseconds after so many failures; between half and all of it, so that many do not come back at once. */
function pauseAfter(failed: number): number {
  const [least, most] = WAIT;
  return Math.min(most, least * 2 ** (failed - 1)) * (0.5 + Math.random() / 2);
}
