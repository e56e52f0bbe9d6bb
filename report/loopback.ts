/** What a server on this machine refuses, and the headers of what it gives. Opens no port and knows no page. */

/**
 * The refusal of a request, undefined where it may be answered. Only names of this machine are accepted as its
 * host, so that no page of another site reaches the server by a name that resolves here; only reading is.
 */
export function refusal(request: Request): Response | undefined {
  const host = request.headers.get("host") ?? new URL(request.url).host;
  if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host)) {
    return plainAnswer(403, "This server answers to localhost alone.");
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return plainAnswer(405, "Only GET is answered.", { allow: "GET, HEAD" });
  }
}

/** The path of an address as a name in a folder; undefined for one that is malformed. */
export function nameOf(request: Request): string | undefined {
  try {
    return decodeURIComponent(new URL(request.url).pathname.slice(1));
  } catch {
    return undefined;
  }
}

/** A line of text as an answer. */
export function plainAnswer(
  status: number,
  text: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(`${text}\n`, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

/** Headers by which a browser shows a file as what it is, to no other site, and does what `policy` allows. */
export function safeHeaders(policy: string, more: Record<string, string>): Headers {
  return new Headers({
    "content-security-policy": `${policy}; frame-ancestors 'none'`,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    ...more,
  });
}

/** The answer with `body`, or that it has not changed since the browser last asked. Reads no file. */
export async function taggedAnswer(
  request: Request,
  body: Uint8Array<ArrayBuffer>,
  headers: Headers,
): Promise<Response> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const etag = `"${digest.toHex().slice(0, 32)}"`;
  headers.set("etag", etag);
  headers.set("cache-control", "no-cache");
  if (request.headers.get("if-none-match") === etag) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(body, { headers });
}
