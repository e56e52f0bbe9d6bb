/** What a person writes for several objects on a server: braces and lists, to addresses. Asks no server. */
import { DataError } from "../errors.ts";
import { baseName } from "../files.ts";

/** Most addresses that braces or a list may stand for. */
const MOST = 100_000;

/** An object on a server. */
export interface Address {
  /** What it is called here: its address without what is secret in it. */
  readonly path: string;
  /** Where it is, a signature included. */
  readonly url: URL;
}

/** Whether a place is an address rather than a path. */
export function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** An address without its query, which may hold a signature, and without its fragment. */
export function plainAddress(text: string): string {
  return text.replace(/[?#].*$/, "");
}

/** Throws {@linkcode DataError} for an address that is none or holds a password. */
export function readAddress(text: string, base?: string): Address {
  const path = plainAddress(text);
  if (/[{}]/.test(path)) {
    throw new DataError(
      `Cannot read the braces of "${path}": one pair of them at a time was needed`,
    );
  }
  const url = URL.parse(text, base);
  if (!url || !isAddress(url.href)) {
    throw new DataError(`Cannot use "${path}": it is no address, one with https:// was needed`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new DataError(
      `Cannot use an address of ${url.host}: a name or a password stands in it, ` +
        "one without was needed; headers come from the environment",
    );
  }
  url.hash = "";
  return { path: plainAddress(url.href), url };
}

/** The texts that braces stand for, as a shell expands them: `{000..011}` keeps its zeros, `{a,b}` its words. */
export function expandBraces(text: string): string[] {
  const [braces, inside] = /\{([^{}]*)\}/.exec(text) ?? [];
  if (braces === undefined || inside === undefined) return [text];
  const begin = text.indexOf(braces);
  const [head, tail] = [text.slice(0, begin), text.slice(begin + braces.length)];
  const expanded: string[] = [];
  for (const choice of choicesOf(inside, text)) {
    for (const rest of expandBraces(tail)) {
      if (expanded.length === MOST) throw tooMany(text);
      expanded.push(head + choice + rest);
    }
  }
  return expanded;
}

function choicesOf(inside: string, text: string): string[] {
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(inside) ?? [];
  if (from === undefined || to === undefined) {
    if (inside.includes(",")) return inside.split(",");
    throw new DataError(
      `Cannot read the braces of "${plainAddress(text)}": {${inside}} is no range, ` +
        "{000..011} or {a,b} was needed",
    );
  }
  const [first, last] = [Number(from), Number(to)];
  if (!(last >= first)) {
    throw new DataError(
      `Cannot read the braces of "${plainAddress(text)}": {${inside}} ends before it begins, ` +
        "a range upwards was needed",
    );
  }
  if (last - first >= MOST) throw tooMany(text);
  // A shell fills up to the longest as soon as one end begins with a zero.
  const width = /^0\d/.test(from) || /^0\d/.test(to) ? Math.max(from.length, to.length) : 0;
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`.padStart(width, "0"));
}

function tooMany(text: string): DataError {
  return new DataError(
    `Cannot use "${
      plainAddress(text)
    }": it stands for more than ${MOST} addresses, fewer were needed`,
  );
}

/** Whether a name is that of a list of addresses. */
export function isListName(path: string): boolean {
  return /\.(txt|json)$/i.test(plainAddress(path));
}

/**
 * The addresses in a list: one a line, lines that begin with # left out; or JSON, a list of them or what the package
 * webdataset writes, `{"shardlist": [{"url": …}]}`. With `base`, the list's own address, others are relative to it and
 * may not leave its server. Throws {@linkcode DataError}.
 */
export function readList(
  text: string,
  { where, base }: { readonly where: string; readonly base?: URL },
): Address[] {
  const entries = /^\s*[[{]/.test(text)
    ? entriesOf(text, where)
    : text.split(/\r?\n/).map((line) => line.trim()).filter((line) => !/^(#|$)/.test(line));
  if (entries.length > MOST) throw tooMany(where);
  const found = entries.flatMap(expandBraces).map((entry) => readAddress(entry, base?.href));
  const away = base && found.find(({ url }) => url.origin !== base.origin);
  if (away) {
    throw new DataError(
      `Cannot use ${where}: it names ${away.path}, addresses of its own server were needed`,
    );
  }
  if (found.length === 0) {
    throw new DataError(`Cannot use ${where}: it names no address, at least one was needed`);
  }
  return found;
}

function entriesOf(text: string, where: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DataError(`Cannot read ${where}: ${(error as Error).message}, JSON was needed`);
  }
  const list = Array.isArray(value) ? value : (value as { shardlist?: unknown })?.shardlist;
  const entries = (Array.isArray(list) ? list : [undefined])
    .map((entry) => typeof entry === "object" ? entry?.url : entry);
  if (entries.every((entry) => typeof entry === "string")) return entries;
  throw new DataError(
    `Cannot read ${where}: it is no list of addresses, [url, …] or {"shardlist": [{"url": …}]} ` +
      "was needed",
  );
}

/** Addresses by their last parts. Throws {@linkcode DataError} where two have one. */
export function byName(addresses: readonly Address[], where: string): Map<string, Address> {
  const names = new Map<string, Address>();
  for (const address of addresses) {
    const name = baseName(address.path);
    const before = names.get(name);
    if (before) {
      throw new DataError(
        `Cannot use ${where}: ${before.path} and ${address.path} have one name, ` +
          "a name for each was needed",
      );
    }
    names.set(name, address);
  }
  return names;
}
