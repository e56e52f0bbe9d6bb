/** A server on this machine that answers to ranges, and does what servers do wrong when it is told to. Asserts nothing. */

/** What a server does with one request in place of the usual; undefined stands for the usual. */
export type Fault = (request: Request) => Response | Promise<Response> | undefined;

/** A request as it came. */
export interface Asked {
  readonly path: string;
  readonly query: string;
  readonly range: string | null;
  readonly authorization: string | null;
}

/** A server with objects. */
export interface RangeServer extends AsyncDisposable {
  readonly origin: string;
  /** Objects by their paths without the first slash; may be changed. */
  readonly objects: Record<string, Uint8Array<ArrayBuffer>>;
  readonly asked: Asked[];
  /** What the next requests get, each used once. */
  readonly faults: (Fault | undefined)[];
}

/** Starts one. The ETag of an object is its SHA-256. */
export function rangeServer(objects: Record<string, Uint8Array>): RangeServer {
  const asked: Asked[] = [];
  const faults: (Fault | undefined)[] = [];
  const own = Object.fromEntries(
    Object.entries(objects).map(([path, bytes]) => [path, new Uint8Array(bytes)]),
  );
  const handler = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const path = decodeURIComponent(pathname.slice(1));
    asked.push({
      path,
      query: search,
      range: request.headers.get("Range"),
      authorization: request.headers.get("Authorization"),
    });
    return await faults.shift()?.(request) ?? await partOf(request, own[path]);
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    objects: own,
    asked,
    faults,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** ETags that were made. */
const tags = new WeakMap<Uint8Array, string>();

/** The part that a request asks for, as RFC 9110 has it. */
export async function partOf(
  request: Request,
  bytes: Uint8Array<ArrayBuffer> | undefined,
): Promise<Response> {
  if (!bytes) return new Response("no such object", { status: 404 });
  const tag = tags.get(bytes) ??
    `"${new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex()}"`;
  tags.set(bytes, tag);
  const headers = { "ETag": tag, "Accept-Ranges": "bytes" };
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("Range") ?? "") ?? [];
  const same = [null, tag].includes(request.headers.get("If-Range"));
  if (from === undefined || !same) return new Response(bytes, { headers });
  const [first, last] = [Number(from), Math.min(Number(to), bytes.length - 1)];
  if (first >= bytes.length) {
    const range = { "Content-Range": `bytes */${bytes.length}` };
    return new Response(null, { status: 416, headers: { ...headers, ...range } });
  }
  return new Response(bytes.slice(first, last + 1), {
    status: 206,
    headers: { ...headers, "Content-Range": `bytes ${first}-${last}/${bytes.length}` },
  });
}
