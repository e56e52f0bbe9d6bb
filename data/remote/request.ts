/** Single requests for a part of an object on a server: redirects, refusals, silence. Tries nothing twice. */
import { UnreachableError } from "../errors.ts";
import type { Range } from "../files.ts";
import { plainAddress } from "./shard_list.ts";

/** Headers by their names. */
export type Secrets = Readonly<Record<string, string>>;

/** Who asks servers, and with what. */
export interface Asker {
  /** Sends a request; redirects it is told not to follow must be visible, as they are in Deno. */
  readonly fetch: typeof fetch;
  /** Secret headers for an address that was named; none if not given. They go to no other origin. */
  readonly headers?: ((url: URL) => Secrets | Promise<Secrets>) | undefined;
  /** Waits so many milliseconds between tries. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Longest time without a byte, in milliseconds; 30 000 if not given. */
  readonly silence?: number;
}

/** Something that may go well when it is tried again. */
export class Hiccup extends Error {
  /** `pause` is how long the server asks to be left alone, in milliseconds. */
  constructor(message: string, readonly pause?: number) {
    super(message);
  }
}

/** Which state of an object a server has. */
export interface Version {
  /** Bytes in it. */
  readonly size: number;
  /** Its ETag, else when it was changed, else "". */
  readonly tag: string;
  /** When it was changed, in milliseconds since 1970; 0 where that is not said. */
  readonly modified: number;
}

/** An answer with a part of an object, or with the word that there is none. */
export interface Answer {
  /** The state it is of; undefined where there is no such object. */
  readonly version: Version | undefined;
  /** The bytes, in parts. */
  readonly parts: () => AsyncGenerator<Uint8Array>;
  /** Ends the answer before its end. */
  readonly close: () => void;
}

/** Most redirects in a row. */
const REDIRECTS = 5;

/** Statuses that stand for a moment. */
const PASSING = [408, 425, 429, 500, 502, 503, 504];

/** What is asked for. */
export interface Question {
  readonly range: Range;
  /** The state that is known already: the server may say that there is another one now. */
  readonly known?: Version | undefined;
}

/**
 * Asks for a part. Throws {@linkcode Hiccup} where another try may help, {@linkcode UnreachableError} where the server refuses,
 * does not answer to ranges, or has another state than the known one.
 */
export async function askPart(asker: Asker, start: URL, question: Question): Promise<Answer> {
  const what = plainAddress(start.href);
  let url = start;
  for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
    const secrets = url.origin === start.origin ? await asker.headers?.(url) : undefined;
    const sent = await send(asker, url, { ...question, secrets, what });
    const { response, close } = sent;
    const { status, headers } = response;
    const location = headers.get("Location");
    if (![301, 302, 303, 307, 308].includes(status) || location === null) {
      try {
        return answerOf(sent, question, what);
      } catch (error) {
        close();
        throw error;
      }
    }
    close();
    const next = URL.parse(location, url);
    if (!next || (next.protocol !== "https:" && next.protocol !== url.protocol)) {
      throw new UnreachableError(
        `Cannot read ${what}: ${url.host} sends on to an address that is not safe, https:// was needed`,
      );
    }
    url = next;
  }
  throw new UnreachableError(`Cannot read ${what}: ${start.host} redirects without end`);
}

interface Sent extends Omit<Answer, "version"> {
  readonly response: Response;
}

async function send(
  { fetch, silence = 30_000 }: Asker,
  url: URL,
  { range: { offset, length }, known, secrets, what }: Question & {
    readonly secrets: Secrets | undefined;
    readonly what: string;
  },
): Promise<Sent> {
  const headers = new Headers({
    "Accept-Encoding": "identity",
    "User-Agent": "verity",
    ...secrets,
  });
  headers.set("Range", `bytes=${offset}-${offset + length - 1}`);
  // A weak tag may not be used so; then the answer's is compared alone.
  if (known && /^"/.test(known.tag)) headers.set("If-Range", known.tag);
  const controller = new AbortController();
  const close = () => controller.abort();
  // The address may carry a signature: messages have what comes before it alone.
  const guarded = async <T>(step: Promise<T>, fault: string): Promise<T> => {
    const timer = setTimeout(close, silence);
    try {
      return await step;
    } catch {
      throw new Hiccup(`Cannot read ${what}: ${url.host} ${fault}`);
    } finally {
      clearTimeout(timer);
    }
  };
  const { signal } = controller;
  const response = await guarded(
    fetch(url, { headers, redirect: "manual", signal, credentials: "omit" }),
    "does not answer",
  );
  const parts = async function* () {
    const reader = response.body?.getReader();
    const read = async () =>
      reader && (await guarded(reader.read(), "stopped in the middle")).value;
    try {
      for (let part = await read(); part; part = await read()) yield part;
    } finally {
      close();
    }
  };
  return { response, parts, close };
}

function answerOf(
  { response, parts, close }: Sent,
  { range, known }: Question,
  what: string,
): Answer {
  const { status, headers } = response;
  const host = new URL(what).host;
  if (PASSING.includes(status)) {
    throw new Hiccup(`Cannot read ${what}: ${host} answered ${status}`, pauseOf(headers));
  }
  if (status === 404 || status === 410) {
    close();
    return { version: undefined, parts, close };
  }
  if (status === 401 || status === 403) {
    throw new UnreachableError(
      `Cannot read ${what}: ${host} answered ${status}, an address with a signature that has not ` +
        "expired, or a header from the environment, was needed",
    );
  }
  // An object without a byte has no part either.
  const empty = status === 416 && /^bytes \*\/0$/.test(headers.get("Content-Range") ?? "");
  if (empty && !known) {
    close();
    return { version: versionOf(headers, 0), parts: async function* () {}, close };
  }
  if (status !== 200 && status !== 206 && status !== 416) {
    throw new UnreachableError(
      `Cannot read ${what}: ${host} answered ${status}, a part of it was needed`,
    );
  }
  const [, from, , total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("Content-Range") ?? "") ??
    [];
  const length = Number(total ?? (status === 200 ? headers.get("Content-Length") : null) ?? NaN);
  const version = versionOf(headers, length);
  if (known && (status === 416 || isOther(known, version))) {
    throw new UnreachableError(
      `Cannot read ${what}: it has changed since it was opened, the same object was needed; ` +
        "begin again",
    );
  }
  // Some give all of what is not longer than what was asked for.
  const begins = status === 206
    ? Number(from)
    : range.offset === 0 && length <= range.length
    ? 0
    : undefined;
  if (begins !== range.offset || !Number.isSafeInteger(length)) {
    throw new UnreachableError(
      `Cannot read ${what}: ${host} does not answer to ranges, a server that does, such as object ` +
        "storage, was needed",
    );
  }
  return { version, parts, close };
}

function isOther(known: Version, now: Version): boolean {
  return known.tag !== now.tag || Number.isFinite(now.size) && known.size !== now.size;
}

function versionOf(headers: Headers, size: number): Version {
  const changed = headers.get("Last-Modified") ?? "";
  return {
    size,
    tag: headers.get("ETag") ?? changed,
    modified: changed === "" ? 0 : Date.parse(changed) || 0,
  };
}

/** `Retry-After`, seconds or a date, in milliseconds. */
function pauseOf(headers: Headers): number | undefined {
  const header = headers.get("Retry-After");
  if (header === null) return undefined;
  const pause = /^\d+$/.test(header) ? 1000 * Number(header) : Date.parse(header) - Date.now();
  return Number.isFinite(pause) ? Math.max(0, pause) : undefined;
}
