/** A server that only this machine reaches, until it is interrupted. Knows no page. */

import { UsageError } from "./errors.ts";

/** Throws UsageError for a --port that there is not. */
export function requirePort(port: number): void {
  if (port > 65535) {
    throw new UsageError(`Cannot serve at --port ${port}: a port up to 65535 was needed`);
  }
}

/** Answers requests at a port of loopback, 0 for a free one, until SIGINT or SIGTERM; `listening` gets the address. */
export async function serveHere(
  port: number,
  answer: (request: Request) => Promise<Response>,
  listening: (url: string) => void,
): Promise<void> {
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    if (Deno.build.os !== "windows" || signal === "SIGINT") {
      Deno.addSignalListener(signal, () => stopped.abort());
    }
  }
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port,
    signal: stopped.signal,
    onListen: (address) => listening(`http://127.0.0.1:${address.port}/`),
  }, answer);
  await server.finished;
}
