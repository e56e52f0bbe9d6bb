/** The files of the page of `web/`, bundled, as any host can serve them. Writes nothing and opens no port. */

import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { licences, packagesOf } from "./licences.ts";

/** Bytes of files by their names; all lie in one folder. */
export type SiteFiles = Map<string, Uint8Array<ArrayBuffer>>;

/** The page as files. */
export interface Site {
  readonly files: SiteFiles;
  /** What all files are, in 16 digits: another text, another version. */
  readonly version: string;
}

/** How a site is made. */
export interface SiteOptions {
  /** Whether it has a service worker, which keeps all files for visits without a network. Default false. */
  readonly offline?: boolean;
}

/**
 * What a page may do: its own scripts, workers and files, WebAssembly, pictures that it makes itself. It may ask
 * no other host.
 */
export const SITE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const ROOT = new URL("../", import.meta.url);

/** Bundled each for itself: what may not share code with others has a thread of its own. */
const PAGE = ["web/page.ts", "web/worker.ts"];
const OFFLINE = "web/service_worker.ts";

/** Copied as they are. */
const COPIED = ["web/index.html", "web/style.css", "web/icon.svg", "web/manifest.webmanifest"];

/** Packages that no browser can load: what asks for them does without. */
const NATIVE = ["sharp", "imagescript"];

/** Where packages keep the WebAssembly that their scripts ask for by name, beside themselves. */
const WASM = [
  "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm",
  "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm",
  "@jsquash/png/codec/pkg/squoosh_png_bg.wasm",
  "@jsquash/webp/codec/dec/webp_dec.wasm",
  "@jsquash/avif/codec/dec/avif_dec.wasm",
];

/** Bundles and gathers the page's files. Throws what the bundler says. */
export async function buildSite({ offline = false }: SiteOptions = {}): Promise<Site> {
  const { files, sources } = await bundled(PAGE);
  for (const path of COPIED) files.set(nameOf(path), await Deno.readFile(new URL(path, ROOT)));
  const scripts = [...files].filter(([name]) => name.endsWith(".js")).map(([, bytes]) =>
    text(bytes)
  )
    .join("\n");
  for (const module of WASM) {
    if (!scripts.includes(nameOf(module))) continue;
    files.set(nameOf(module), await Deno.readFile(new URL(import.meta.resolve(module))));
  }
  files.set("licences.txt", bytes(await licences(packagesOf(sources))));
  files.set("style.css", bytes(uplotStyle + text(files.get("style.css")!)));
  const page = text(files.get("index.html")!)
    .replace("{policy}", SITE_POLICY)
    .replace("{worker}", offline ? "service_worker.js" : "");
  files.set("index.html", bytes(page));
  const version = await versionOf(files);
  if (offline) {
    const list = JSON.stringify({ version, files: [...files.keys()].sort() });
    const worker = text((await bundled([OFFLINE])).files.get("service_worker.js")!);
    files.set("service_worker.js", bytes(`const SITE=${list};\n${worker}`));
  }
  return { files, version };
}

interface Bundled {
  readonly files: SiteFiles;
  /** The paths of all that went into them. */
  readonly sources: readonly string[];
}

async function bundled(paths: readonly string[]): Promise<Bundled> {
  const folder = await Deno.makeTempDir({ prefix: "verity-web-" });
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["bundle", "--quiet", "--platform", "browser", "--minify", "--code-splitting"],
        ...NATIVE.flatMap((name) => ["--external", name]),
        ...["--sourcemap", "external", "--outdir", folder, ...paths],
      ],
      cwd: ROOT,
    }).output();
    if (!success) throw new Error(`Cannot bundle ${paths.join(", ")}: ${text(stderr)}`);
    const files: SiteFiles = new Map();
    const sources: string[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      const content = await Deno.readFile(`${folder}/${name}`);
      if (name.endsWith(".map")) sources.push(...JSON.parse(text(content)).sources);
      else files.set(name, content);
    }
    return { files, sources };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function versionOf(files: SiteFiles): Promise<string> {
  const parts = [...files].sort(([a], [b]) => a < b ? -1 : 1)
    .flatMap(([name, content]) => [bytes(`${name}\n${content.length}\n`), content]);
  const all = await new Blob(parts).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all)).toHex().slice(0, 16);
}

function nameOf(path: string): string {
  return path.replace(/^.*\//, "");
}

function text(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

function bytes(content: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(content);
}
