/** Answers a browser on this machine about one run: its report, and the files of its folder. Opens no port. */

import { type Files, join } from "../data/files.ts";
import { nameOf, plainAnswer, refusal, safeHeaders, taggedAnswer } from "./loopback.ts";
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

/** The answer to a request: only `/` and files directly in the run folder are there. See {@linkcode refusal}. */
export async function answer(request: Request, server: RunServer): Promise<Response> {
  const refused = refusal(request);
  if (refused) return refused;
  const policy = await contentPolicy(true);
  const name = nameOf(request);
  if (name === undefined) return plainAnswer(400, "The address is malformed.");
  if (name === "") {
    const headers = safeHeaders(policy, { "content-type": "text/html; charset=utf-8" });
    return await taggedAnswer(request, new TextEncoder().encode(await server.page()), headers);
  }
  return await fileAnswer(name, server, policy);
}

async function fileAnswer(
  name: string,
  { files, path }: RunServer,
  policy: string,
): Promise<Response> {
  // What is served is one of the names that the folder has: no name leads out of it, and no link is followed.
  const entry = (await files.list(path)).find((one) => one.name === name);
  if (entry?.kind !== "file" || entry.link) return plainAnswer(404, "The run has no such file.");
  const headers = safeHeaders(policy, {
    "content-type": TYPES[name.replace(/^.*\./, "")] ?? "application/octet-stream",
    "content-disposition": "attachment",
  });
  return new Response(await files.read(join(path, name)), { headers });
}
