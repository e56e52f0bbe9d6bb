/** A hub on this machine, and the one behind it that sends contents, for tests. Asserts nothing. */

/** A request as it came. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | null;
  readonly range: string | null;
}

/** What a server does with one request in place of the usual. */
export type Answer = (request: Request) => Response | undefined;

/** A hub with some files. */
export interface Loopback extends AsyncDisposable {
  /** Its address, as `HF_ENDPOINT` has it. */
  readonly endpoint: string;
  /** All requests, in order. */
  readonly asked: Asked[];
  /** What the next requests get, each used once; undefined stands for the usual. */
  readonly answers: (Answer | undefined)[];
}

/** A commit. */
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** SHA-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Starts a hub that has `files` by their paths "owner/name/file", under every revision. */
export async function loopback(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
): Promise<Loopback> {
  const etags = new Map<string, string>();
  for (const [path, bytes] of Object.entries(files)) etags.set(path, await sha256(bytes));
  const asked: Asked[] = [];
  const answers: (Answer | undefined)[] = [];
  const handler = (request: Request): Response => {
    const { pathname } = new URL(request.url);
    asked.push({
      method: request.method,
      path: pathname,
      authorization: request.headers.get("Authorization"),
      range: request.headers.get("Range"),
    });
    const path = pathname.slice(1).replace(/\/resolve\/[^/]+\//, "/");
    const bytes = files[path];
    const answer = answers.shift()?.(request);
    if (answer) return answer;
    if (!bytes) return new Response("no such file", { status: 404 });
    const headers = {
      "X-Repo-Commit": COMMIT,
      "ETag": `"${etags.get(path)}"`,
      "Content-Length": `${bytes.length}`,
    };
    if (request.method === "HEAD") return new Response(null, { headers });
    return partOf(request, bytes, headers);
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    asked,
    answers,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** All of the bytes, or those that a `Range` asks for. */
export function partOf(
  request: Request,
  bytes: Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Response {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.get("Range") ?? "") ?? [];
  if (from === undefined) return new Response(bytes, { headers });
  const part = bytes.slice(Number(from));
  return new Response(part, {
    status: 206,
    headers: {
      ...headers,
      "Content-Length": `${part.length}`,
      "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    },
  });
}

/** A response that breaks off after so many bytes. */
export function broken(bytes: Uint8Array<ArrayBuffer>, after: number): Response {
  const body = new Blob([bytes.slice(0, after)]).stream();
  return new Response(body, { headers: { "Content-Length": `${bytes.length}` } });
}
