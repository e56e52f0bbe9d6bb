/** `web`: the page that trains in a browser tab, served to this machine or written for any host. */

import { join } from "../data/files.ts";
import { nameOf, plainAnswer, refusal, safeHeaders, taggedAnswer } from "../report/loopback.ts";
import { UsageError } from "./errors.ts";
import { type CommonFlags, given, newCommand, parseFlags, whole } from "./flags.ts";
import { requirePort, serveHere } from "./listen.ts";
import { buildSite, type Site, SITE_POLICY } from "./web_site.ts";

interface WebFlags extends CommonFlags {
  readonly build?: boolean;
  readonly out: string;
  readonly port: number;
  readonly open: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  webmanifest: "application/manifest+json",
};

/** Serves or writes the page and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const command = newCommand(
    "web",
    "Trains and predicts in a browser tab: serves the page to this machine, or writes it as a folder for any host.",
  )
    .option("--build", "write the page's files instead of serving them")
    .option(
      "--out <dir>",
      "where --build writes; a folder that is not there, empty, or an older build",
      "dist/web",
    )
    .option("--port <n>", "port, up to 65535; 0 takes a free one", whole(0), 8034)
    .option("--no-open", "do not open a browser");
  const parsed = parseFlags<WebFlags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { build = false, out, port, open, json = false } = parsed.flags;
  requirePort(port);
  if (!build && given(command, "out")) {
    throw new UsageError("Cannot serve with --out: nothing is written, --build was needed with it");
  }
  if (build) {
    requireBuildFolder(out);
    const site = await buildSite({ offline: true });
    await writeSite(out, site);
    await printSizes(out, site, json);
    return 0;
  }
  const site = await buildSite();
  await serveHere(port, (request) => answer(request, site), (url) => {
    if (json) console.log(JSON.stringify({ event: "serve", url }));
    else console.log(`verity: ${url} (Ctrl-C ends)`);
    if (open && Deno.stdout.isTerminal()) openBrowser(url);
  });
  return 0;
}

/** The answer to a request for a file of the site. See {@linkcode refusal}. */
export async function answer(request: Request, { files }: Site): Promise<Response> {
  const refused = refusal(request);
  if (refused) return refused;
  const asked = nameOf(request);
  const name = asked === "" ? "index.html" : asked;
  const content = name === undefined ? undefined : files.get(name);
  if (name === undefined || !content) return plainAnswer(404, "The page has no such file.");
  // Isolated from other sites, a page may share memory between its threads.
  const headers = safeHeaders(SITE_POLICY, {
    "content-type": TYPES[name.replace(/^.*\./, "")] ?? "application/octet-stream",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  });
  return await taggedAnswer(request, content, headers);
}

/** Throws UsageError where `out` holds what no build wrote: its files are replaced. */
function requireBuildFolder(out: string): void {
  let names: string[];
  try {
    names = [...Deno.readDirSync(out)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw new UsageError(`Cannot write --out "${out}": it is no folder, one was needed`);
  }
  if (names.length > 0 && !names.includes("service_worker.js")) {
    throw new UsageError(
      `Cannot write --out "${out}": it holds other files, an empty folder or an older build was needed`,
    );
  }
}

async function writeSite(out: string, { files }: Site): Promise<void> {
  await Deno.mkdir(out, { recursive: true });
  for await (const { name, isFile } of Deno.readDir(out)) {
    // Parts of an older build, whose names are never used again.
    if (isFile && /^chunk-\w+\.js$/.test(name) && !files.has(name)) {
      await Deno.remove(join(out, name));
    }
  }
  for (const [name, content] of files) await Deno.writeFile(join(out, name), content);
}

/** Bytes as a browser gets them from a host that compresses. */
export async function gzipped(content: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

async function printSizes(out: string, { files, version }: Site, json: boolean): Promise<void> {
  const rows: { name: string; bytes: number; gzipped: number }[] = [];
  for (const [name, content] of [...files].sort(([a], [b]) => a < b ? -1 : 1)) {
    rows.push({ name, bytes: content.length, gzipped: await gzipped(content) });
  }
  if (json) {
    console.log(JSON.stringify({ event: "web", out, version, files: rows }));
    return;
  }
  const total = {
    name: "together",
    bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
    gzipped: rows.reduce((sum, { gzipped }) => sum + gzipped, 0),
  };
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(11);
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`${"file".padEnd(width)}${"size".padStart(11)}${"gzipped".padStart(11)}`);
  for (const { name, bytes, gzipped } of [...rows, total]) {
    console.log(name.padEnd(width) + kilobytes(bytes) + kilobytes(gzipped));
  }
  console.log(`Wrote ${out}, version ${version}: any host that serves files over https will do.`);
}

/** Asks the desktop to open an address; without one, the address stands in the terminal. */
function openBrowser(url: string): void {
  const [program, ...before] = { darwin: ["open"], windows: ["cmd", "/c", "start"] }[
    Deno.build.os as string
  ] ?? ["xdg-open"];
  try {
    new Deno.Command(program!, { args: [...before, url], stdout: "null", stderr: "null" }).spawn()
      .unref();
  } catch {
    // No desktop to ask.
  }
}
