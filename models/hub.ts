/** Files of the Hugging Face Hub: asked for, received, checked. Where they are kept is the cache's business. */

import {
  askHub,
  type HubAnswer,
  HubError,
  HubFileError,
  HubHiccup,
  type HubHost,
  HubSilence,
  isRedirect,
} from "./hub_request.ts";

export { HubError, HubFileError } from "./hub_request.ts";

// Of one's own because @huggingface/hub 2.17 neither goes on where a download ended nor checks what it
// received, and knows no offline cache, mirror or token from the environment.

/** A file of a repository. */
export interface HubFile {
  /** "timm/resnet18.a1_in1k". */
  readonly repository: string;
  /** A branch, tag or commit. */
  readonly revision: string;
  /** Its path in the repository. */
  readonly name: string;
}

/** Which content a file has. */
export interface HubVersion {
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Names the content: its SHA-256 where it has 64 hexadecimal digits. */
  readonly etag: string;
}

/** Keeps what was received. */
export interface HubCache {
  /** The path of a file at the commit that its revision was last; undefined where it is not there. */
  find(file: HubFile): Promise<string | undefined>;
  /** Where the content of a version is there: makes it the file's, and gives the path. */
  link(file: HubFile, version: HubVersion): Promise<string | undefined>;
  /** Opens a content that is not whole yet, when no other process has it open. */
  open(file: HubFile, version: HubVersion): Promise<HubContent>;
}

/** A content that is not whole yet. */
export interface HubContent extends AsyncDisposable {
  /** Bytes that are there. */
  readonly size: number;
  /** Adds bytes at the end. */
  append(bytes: Uint8Array): Promise<void>;
  /** Removes all bytes. */
  clear(): Promise<void>;
  /** All bytes. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
  /** Declares it whole. */
  keep(): Promise<void>;
}

/** Which hub, which cache, and how to be patient. */
export interface HubOptions extends HubHost {
  /** Where files are kept. */
  readonly cache: HubCache;
  /** Asks nobody: the file is in the cache or missing. Default false. */
  readonly offline?: boolean;
  /** Takes sentences for people on how it goes. */
  readonly report: (text: string) => void;
  /** Waits so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** Attempts without a new byte until it is given up. */
const ATTEMPTS = 5;

/** Longest that a hub may ask to be left alone, in milliseconds. */
const PATIENCE = 120_000;

/** Time between two sentences on progress, in milliseconds. */
const REPORT_EVERY = 5000;

/**
 * The path of a file in the cache, where it is received when it is not there: HEAD tells which content
 * it is, GET goes on where an earlier attempt ended, size and SHA-256 are checked. Semantics:
 * huggingface_hub's `hf_hub_download`. A hub that cannot be reached leaves what the cache has.
 * Throws HubFileError where the file does not exist, HubError for all else.
 */
export async function downloadFromHub(file: HubFile, options: HubOptions): Promise<string> {
  const { cache, offline = false, report, wait } = options;
  if (offline) {
    const path = await cache.find(file);
    if (path !== undefined) return path;
    throw new HubFileError(
      `Cannot read ${nameOf(file)}: it is not in the cache, and this is offline`,
    );
  }
  let reached = false;
  for (let attempt = 1;; attempt++) {
    let progressed = false;
    try {
      const described = await describe(file, options);
      reached = true;
      return await obtain(file, described, { ...options, received: () => progressed = true });
    } catch (error) {
      if (!(error instanceof HubHiccup)) throw error;
      if (progressed) attempt = 1;
      const pause = error.pause ?? 1000 * 2 ** (attempt - 1);
      // Without a network there is nothing to wait for.
      const alone = error instanceof HubSilence && !reached;
      if (alone || attempt >= ATTEMPTS || pause > PATIENCE) {
        const path = await cache.find(file);
        if (path === undefined) throw error;
        report(`${error.message}; what the cache has is used`);
        return path;
      }
      report(`${error.message}; the next attempt is in ${Math.ceil(pause / 1000)} s`);
      await wait(pause);
    }
  }
}

/** What the hub says of a file without sending it. */
interface Described {
  readonly version: HubVersion;
  /** Bytes. */
  readonly size: number;
  /** Where the content is. */
  readonly location: URL;
}

async function describe(
  file: HubFile,
  host: HubHost,
): Promise<Described> {
  const { repository, revision, name } = file;
  const what = nameOf(file);
  const path = name.split("/").map(encodeURIComponent).join("/");
  const address = `${repository}/resolve/${encodeURIComponent(revision)}/${path}`;
  const start = new URL(`${host.endpoint.replace(/\/+$/, "")}/${address}`);
  const { status, headers, url } = await askHub(host, start, { method: "HEAD", what });
  const tag = headers.get("X-Linked-Etag") ?? headers.get("ETag") ?? "";
  const etag = tag.replace(/^W\//, "").replaceAll('"', "");
  const commit = headers.get("X-Repo-Commit") ?? "";
  // A redirect has the length of its own page.
  const length = isRedirect(status) ? null : headers.get("Content-Length");
  const size = Number(headers.get("X-Linked-Size") ?? length ?? NaN);
  // Commit and etag become the names of files.
  if (!/^[0-9a-f]{40}$/.test(commit) || !/^[\w-]{1,128}$/.test(etag) || !(size >= 0)) {
    throw new HubError(
      `Cannot read ${what}: ${start.host} does not answer as a hub, commit, etag and size were needed`,
    );
  }
  const location = isRedirect(status) ? headers.get("Location") ?? "" : "";
  return { version: { commit, etag }, size, location: new URL(location, url) };
}

interface ReceiveOptions extends HubOptions {
  /** Is told when bytes came. */
  readonly received: () => void;
}

/** The path of a described file, received where it is not there. */
async function obtain(
  file: HubFile,
  { version, size, location }: Described,
  options: ReceiveOptions,
): Promise<string> {
  const { cache } = options;
  const known = await cache.link(file, version);
  if (known !== undefined) return known;
  await using content = await cache.open(file, version);
  // While this process waited for its turn, another one may have received it.
  const meanwhile = await cache.link(file, version);
  if (meanwhile !== undefined) return meanwhile;
  if (content.size > size) await content.clear();
  const what = `${nameOf(file)} (${megabytes(size)})`;
  if (content.size < size) await receive(content, { size, location, what, options });
  if (/^[0-9a-f]{64}$/.test(version.etag) && await sha256(content) !== version.etag) {
    await content.clear();
    throw new HubError(
      `Cannot use ${nameOf(file)}: its content is not that of its SHA-256 ${version.etag}, ` +
        "an undamaged one was needed",
    );
  }
  await content.keep();
  return (await cache.link(file, version))!;
}

/** Adds what a content lacks. Throws HubHiccup when it ends early. */
async function receive(
  content: HubContent,
  { size, location, what, options }: {
    readonly size: number;
    readonly location: URL;
    readonly what: string;
    readonly options: ReceiveOptions;
  },
): Promise<void> {
  const { report, received } = options;
  report(`Receiving ${what} from ${location.host}`);
  const answer = await askHub(options, location, { method: "GET", from: content.size, what });
  const from = beginning(answer);
  // A host may send all of it though a part was asked for.
  if (from === 0 && content.size > 0) await content.clear();
  if (from !== content.size) {
    answer.close();
    await content.clear();
    throw new HubHiccup(`Cannot read ${what}: ${location.host} sent another part of it`);
  }
  let reported = performance.now();
  for await (const part of answer.parts()) {
    if (content.size + part.length > size) {
      await content.clear();
      throw new HubError(`Cannot read ${what}: ${location.host} sent more than that`);
    }
    await content.append(part);
    received();
    if (performance.now() - reported < REPORT_EVERY) continue;
    reported = performance.now();
    report(`Received ${megabytes(content.size)} of ${what}`);
  }
  if (content.size < size) {
    throw new HubHiccup(`Cannot read ${what}: it ended after ${content.size} of ${size} bytes`);
  }
}

/** The byte that an answer begins at. */
function beginning({ status, headers }: HubAnswer): number {
  if (status !== 206) return 0;
  const [, from = NaN] = /^bytes (\d+)-/.exec(headers.get("Content-Range") ?? "") ?? [];
  return Number(from);
}

async function sha256(content: HubContent): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await content.read())).toHex();
}

function nameOf({ repository, name }: HubFile): string {
  return `${repository}/${name}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
