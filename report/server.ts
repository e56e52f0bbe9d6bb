/** Answers a browser on this machine about one run: its report, and the files of its folder. Opens no port. */

import { type Files, join } from "../data/files.ts";
import { contentPolicy } from "./page.ts";

/** What is served. */
export interface RunServer {
  /** Reads the folder's files. */
  readonly files: Files;
  /** The run folder. */
  readonly path: string;
  /** The live page as it is now. */
  readonly page: () => Promise<string>;
}

const TYPES: Readonly<Record<string, string>> = {
  json: "application/json",
  csv: "text/csv; charset=utf-8",
  log: "text/plain; charset=utf-8",
  md: "text/plain; charset=utf-8",
};

/**
 * The answer to a request. Only names of this machine are accepted as its host, so that no page of another
 * site reaches the server by a name that resolves here; only `/` and files directly in the run folder are there.
 */
export async function answer(request: Request, server: RunServer): Promise<Response> {
  const url = new URL(request.url);
  if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(request.headers.get("host") ?? url.host)) {
    return plain(403, "This server answers to localhost alone.");
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return plain(405, "Only GET is answered.", { allow: "GET, HEAD" });
  }
  if (url.pathname === "/") return await pageAnswer(request, server);
  return await fileAnswer(url.pathname, server);
}

async function pageAnswer(request: Request, { page }: RunServer): Promise<Response> {
  const body = new TextEncoder().encode(await page());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const etag = `"${digest.toHex().slice(0, 32)}"`;
  const headers = await safeHeaders({ etag, "cache-control": "no-cache" });
  if (request.headers.get("if-none-match") === etag) {
    return new Response(null, { status: 304, headers });
  }
  headers.set("content-type", "text/html; charset=utf-8");
  return new Response(body, { headers });
}

async function fileAnswer(pathname: string, { files, path }: RunServer): Promise<Response> {
  let name: string;
  try {
    name = decodeURIComponent(pathname.slice(1));
  } catch {
    return plain(400, "The address is malformed.");
  }
  // What is served is one of the names that the folder has: no name leads out of it, and no link is followed.
  const entry = (await files.list(path)).find((one) => one.name === name);
  if (entry?.kind !== "file" || entry.link) return plain(404, "The run has no such file.");
  const headers = await safeHeaders({
    "content-type": TYPES[name.replace(/^.*\./, "")] ?? "application/octet-stream",
    "content-disposition": "attachment",
  });
  return new Response(await files.read(join(path, name)), { headers });
}

async function safeHeaders(more: Record<string, string>): Promise<Headers> {
  return new Headers({
    "content-security-policy": `${await contentPolicy(true)}; frame-ancestors 'none'`,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    ...more,
  });
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
