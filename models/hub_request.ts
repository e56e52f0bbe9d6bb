/** Single requests to a hub: redirects, refusals, silence. Tries nothing twice. */

/** A file cannot be had from a hub: the message is one sentence. */
export class HubError extends Error {
  /** Tells it from other errors. */
  override readonly name: string = "HubError";
}

/** The file is not there: the hub does not have it or, offline, the cache. */
export class HubFileError extends HubError {
  /** Tells it from other errors. */
  override readonly name = "HubFileError";
}

/** Something that may go well when it is tried again. */
export class HubHiccup extends HubError {
  /** `pause` is how long the hub asks to be left alone, in milliseconds. */
  constructor(message: string, readonly pause?: number) {
    super(message);
  }
}

/** No answer, or one that stopped in the middle. */
export class HubSilence extends HubHiccup {}

/** Who sends requests, and to whom. */
export interface HubHost {
  /** Sends a request; redirects it is told not to follow must be visible, as they are in Deno. */
  readonly fetch: typeof fetch;
  /** "https://huggingface.co", or a mirror. */
  readonly endpoint: string;
  /** Sent to the endpoint and to no other host. */
  readonly token?: string | undefined;
  /** Longest time without a byte, in milliseconds. Default 30 000. */
  readonly silence?: number;
}

/** What is asked. */
export interface HubQuestion {
  readonly method: "HEAD" | "GET";
  /** Byte to begin at. Default 0. */
  readonly from?: number;
  /** What the file is called in messages. */
  readonly what: string;
}

/** A response that is no refusal. Its body is to be read to its end, or closed. */
export interface HubAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Where it came from, after redirects. */
  readonly url: URL;
  /** The bytes of the body, in parts; empty for HEAD. */
  readonly parts: () => AsyncGenerator<Uint8Array>;
  /** Ends the body. */
  readonly close: () => void;
}

/** Most redirects in a row. */
const REDIRECTS = 5;

/** Statuses that stand for a moment. */
const PASSING = [408, 429, 500, 502, 503, 504];

/**
 * Sends a request. HEAD follows redirects within the host only: the hub's own answer, which has the
 * file's description, is the one that leads elsewhere. Throws HubHiccup where another try may help,
 * HubFileError for 404 and HubError for other refusals.
 */
export async function askHub(
  host: HubHost,
  start: URL,
  question: HubQuestion,
): Promise<HubAnswer> {
  let url = start;
  for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
    const { response, parts, close } = await send(host, url, question);
    const location = response.headers.get("Location");
    const redirected = isRedirect(response.status) && location !== null;
    const elsewhere = /^([a-z][a-z\d+.-]*:)?\/\//i.test(location ?? "");
    if (redirected && !(question.method === "HEAD" && elsewhere)) {
      await response.body?.cancel();
      url = new URL(location, url);
      continue;
    }
    // 416: there is no such part, which who asked for it has to know.
    if (!response.ok && !redirected && response.status !== 416) {
      await response.body?.cancel();
      throw refusal(response, url, question.what);
    }
    return { status: response.status, headers: response.headers, url, parts, close };
  }
  throw new HubError(`Cannot read ${question.what}: ${start.host} redirects without end`);
}

/** Whether a status sends on to another address. */
export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

async function send(
  { fetch, endpoint, token, silence = 30_000 }: HubHost,
  url: URL,
  { method, from = 0, what }: HubQuestion,
) {
  const headers = new Headers({ "Accept-Encoding": "identity", "User-Agent": "verity" });
  if (token !== undefined && url.origin === new URL(endpoint).origin) {
    headers.set("Authorization", `Bearer ${token}`);
  }
  if (from > 0) headers.set("Range", `bytes=${from}-`);
  const controller = new AbortController();
  const close = () => controller.abort();
  // The address may carry a signature: messages have its host alone.
  const guarded = async <T>(step: Promise<T>, fault: string): Promise<T> => {
    const timer = setTimeout(close, silence);
    try {
      return await step;
    } catch {
      throw new HubSilence(`Cannot read ${what}: ${url.host} ${fault}`);
    } finally {
      clearTimeout(timer);
    }
  };
  const { signal } = controller;
  const asked = fetch(url, { method, headers, redirect: "manual", signal });
  const response = await guarded(asked, "does not answer");
  const parts = async function* () {
    const reader = response.body?.getReader();
    try {
      for (let part = await read(); part; part = await read()) yield part;
    } finally {
      close();
    }
    async function read() {
      return reader && (await guarded(reader.read(), "stopped in the middle")).value;
    }
  };
  return { response, parts, close };
}

/** What a status that is neither success nor redirect means. */
function refusal({ status, headers }: Response, { host }: URL, what: string): HubError {
  const said = `Cannot read ${what}: ${host} answered ${status}`;
  if (PASSING.includes(status)) return new HubHiccup(said, pauseOf(headers.get("Retry-After")));
  if (status === 404) return new HubFileError(`${said}, it has no such file`);
  if (status === 401 || status === 403) {
    return new HubError(`${said}, it has no such file or a token is needed`);
  }
  return new HubError(said);
}

/** `Retry-After`, seconds or a date, in milliseconds. */
function pauseOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const pause = /^\d+$/.test(header) ? 1000 * Number(header) : Date.parse(header) - Date.now();
  return Number.isFinite(pause) ? Math.max(0, pause) : undefined;
}
