/** Data on servers: which addresses a command names, and with which headers. The only place that asks for them. */

import { DataError } from "../data/errors.ts";
import type { Files } from "../data/files.ts";
import { Lanes } from "../data/remote/lanes.ts";
import { withRemote } from "../data/remote/mount.ts";
import { RemoteObject } from "../data/remote/object.ts";
import type { Asker, Secrets } from "../data/remote/request.ts";
import {
  type Address,
  byName,
  expandBraces,
  isAddress,
  isListName,
  plainAddress,
  readAddress,
  readList,
} from "../data/remote/shard_list.ts";
import { type S3Keys, signedHeaders } from "../data/remote/sign.ts";
import { UsageError } from "./errors.ts";

/** What a command names. */
export interface Named {
  /** Places with images: addresses, `…/{000..011}.tar`, lists of addresses; paths stay as they are. */
  readonly places: readonly string[];
  /** Single files, such as one with labels. */
  readonly files?: readonly string[];
}

/** Files, those that are named on servers among them, and what a place is called there. */
export interface Opened {
  readonly files: Files;
  /** The path of a place: an address without what is secret in it. */
  readonly pathOf: (place: string) => string;
}

/**
 * `files` with what is named on servers; `files` themselves, and no request, where nothing is. Throws DataError for an
 * address or a list that cannot be used, UsageError for headers that cannot be sent.
 */
export async function openAddresses(
  files: Files,
  named: Named,
  get: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Promise<Opened> {
  const asker: Asker = {
    fetch,
    headers: (url) => headersFor(url, get),
    wait: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
  };
  const objects = (named.files ?? []).filter(isAddress).map((text) => readAddress(text));
  const folders = new Map<string, Map<string, Address>>();
  for (const place of named.places) {
    const path = plainAddress(place);
    if (!isAddress(place)) {
      const isList = isListName(place) && await files.kind(place) === "file";
      if (isList) folders.set(place, listed(await files.readText(place), { where: place }));
    } else if (isListName(place)) {
      const address = readAddress(place);
      folders.set(
        address.path,
        listed(await textOf(address, asker), { where: path, base: address.url }),
      );
    } else if (path.includes("{")) {
      const addresses = expandBraces(place).map((text) => readAddress(text));
      folders.set(path, byName(addresses, path));
    } else objects.push(readAddress(place));
  }
  const pathOf = (place: string) =>
    !isAddress(place) || place.includes("{") ? plainOf(place) : readAddress(place).path;
  const none = objects.length === 0 && folders.size === 0;
  return { files: none ? files : withRemote(files, { objects, folders }, asker), pathOf };
}

function plainOf(place: string): string {
  return isAddress(place) ? plainAddress(place) : place;
}

function listed(text: string, options: Parameters<typeof readList>[1]): Map<string, Address> {
  return byName(readList(text, options), options.where);
}

/** Most bytes of a list. */
const MAX_LIST_BYTES = 2 ** 24;

async function textOf(address: Address, asker: Asker): Promise<string> {
  const object = new RemoteObject(address, asker, new Lanes(1));
  const { size } = await object.version() ?? {};
  if (size === undefined || size > MAX_LIST_BYTES) {
    const is = size === undefined ? "there is no such object" : `it has ${size} bytes`;
    throw new DataError(
      `Cannot read ${address.path}: ${is}, a list of addresses of at most ${MAX_LIST_BYTES} was needed`,
    );
  }
  return new TextDecoder().decode(await object.read({ offset: 0, length: size }));
}

/**
 * What the environment says is sent along: headers line by line, a token, a signature with the keys of an object store.
 * Never in clear but on this machine.
 */
async function headersFor(
  url: URL,
  get: (name: string) => string | undefined,
): Promise<Secrets> {
  const headers: Record<string, string> = {};
  for (const line of (get("VERITY_DATA_HEADERS") ?? "").split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError(
        'Cannot use VERITY_DATA_HEADERS: a line of it is no header, "Name: value" was needed',
      );
    }
    headers[name] = value;
  }
  const token = get("VERITY_DATA_TOKEN")?.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  const keys = keysOf(get);
  // An address with a signature of its own has another one.
  if (keys && url.search === "") {
    Object.assign(headers, await signedHeaders(url, { keys, now: new Date() }));
  }
  const here = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (Object.keys(headers).length > 0 && url.protocol !== "https:" && !here) {
    throw new UsageError(
      `Cannot send a token, a signature or headers of VERITY_DATA_… to ${url.host}: it is asked in ` +
        "clear, an address with https:// was needed",
    );
  }
  return headers;
}

/** The keys that AWS's own tools read, where `VERITY_DATA_S3_REGION` says that they are to be used. */
function keysOf(get: (name: string) => string | undefined): S3Keys | undefined {
  const region = get("VERITY_DATA_S3_REGION");
  if (!region) return undefined;
  const [id, secret] = [get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")];
  if (id && secret) return { id, secret, region, token: get("AWS_SESSION_TOKEN") || undefined };
  throw new UsageError(
    "Cannot use VERITY_DATA_S3_REGION alone: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY were needed",
  );
}
