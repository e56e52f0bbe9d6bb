/** The WebDataset layout: tar archives in which `key.jpg` stands beside `key.cls` or `key.json`. */
import { DataError } from "./errors.ts";
import { baseName, type Files, join } from "./files.ts";
import { counted, isImageName } from "./folder.ts";
import type { Labelled, Row } from "./labels.ts";

/** Endings of the members that say a class. */
const CLASS = "cls";
const JSON_CLASS = "json";

/** Fields of a `.json` that are taken for the class, the first that is there. */
const FIELDS = ["label", "cls", "class", "target"];

/** Whether a file is a shard by its name. */
export function isShardName(name: string): boolean {
  return /\.tar$/i.test(name) && !name.startsWith(".");
}

/** Whether the members of an archive are those of a shard. */
export function isShard(names: readonly string[]): boolean {
  const keys = new Set(names.filter(isImageName).map((name) => split(name).key));
  return names.some((name) => {
    const { key, extension } = split(name);
    return (extension === CLASS || extension === JSON_CLASS) && keys.has(key);
  });
}

/** The key is the path up to the first dot of the last part. */
function split(name: string): { readonly key: string; readonly extension: string } {
  const [, key = name, extension = ""] = /^((?:.*\/)?[^/.]+)\.([^/]*)$/.exec(name) ?? [];
  return { key, extension: extension.toLowerCase() };
}

/** Every file below a folder of an archive, by its path there. */
async function filesBelow(files: Files, path: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for (const { name, kind } of await files.list(join(path, below))) {
    const inner = below === "" ? name : `${below}/${name}`;
    if (kind === "directory") found.push(...await filesBelow(files, path, inner));
    else found.push(inner);
  }
  return found;
}

/** Shards that are listed at once: one on a server is waited for more than it is read. */
const AT_ONCE = 8;

/** The files of each shard. */
async function listAll(files: Files, shards: readonly string[]): Promise<string[][]> {
  const found: string[][] = shards.map(() => []);
  const indices = shards.keys();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const i of indices) found[i] = await filesBelow(files, shards[i]!);
  }));
  return found;
}

/** The class in the text of a member. */
function targetOf(text: string, extension: string, where: string): string {
  if (extension === CLASS) return text.trim();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DataError(`Cannot read ${where}: it is no JSON, JSON with a class was needed`);
  }
  const fields: Readonly<Record<string, unknown>> = typeof value === "object" && value !== null
    ? { ...value }
    : { [FIELDS[0]!]: value };
  const found = FIELDS.map((name) => fields[name])
    .find((field) => typeof field === "string" || typeof field === "number");
  if (found === undefined) {
    throw new DataError(
      `Cannot read ${where}: it has none of ${FIELDS.join(", ")}, the class in one was needed`,
    );
  }
  return String(found).trim();
}

/**
 * The images of shards, shard by shard in the order of their members, called `shard/key.jpg`. Throws
 * {@linkcode DataError} for an image without a class, and for shards without an image.
 */
export async function readShards(files: Files, shards: readonly string[]): Promise<Labelled> {
  const rows: Row[] = [];
  const spare: string[] = [];
  const listed = await listAll(files, shards);
  for (const [i, shard] of shards.entries()) {
    const names = listed[i]!;
    const there = new Set(names);
    for (const name of names) {
      const { key, extension } = split(name);
      if (!isImageName(name)) {
        if (extension !== CLASS && extension !== JSON_CLASS) spare.push(join(shard, name));
        continue;
      }
      const label = [CLASS, JSON_CLASS].find((ending) => there.has(`${key}.${ending}`));
      if (label === undefined) {
        throw new DataError(
          `Cannot use ${join(shard, name)}: it has no class, ${key}.cls or ${key}.json beside it ` +
            `was needed`,
        );
      }
      const where = join(shard, `${key}.${label}`);
      const target = targetOf(await files.readText(where), label, where);
      const path = join(shard, name);
      rows.push({ name: `${baseName(shard)}/${name}`, path, target });
    }
  }
  if (rows.length === 0) {
    throw new DataError(
      `Cannot use ${shards.join(", ")}: no image is in it, key.jpg beside key.cls was needed`,
    );
  }
  const notes = spare.length === 0
    ? []
    : [`${counted(spare, "member", "members")} of shards left out: neither an image nor a class`];
  return { rows, notes };
}

/**
 * The images of shards without classes, by their names: `shard/key.jpg`, and `key.jpg` where no other shard has that.
 * Those called `key.jpg` are under both, the first of which is their name here.
 */
export async function imagesIn(
  files: Files,
  shards: readonly string[],
): Promise<{ readonly names: string[]; readonly pathOf: (name: string) => string | undefined }> {
  const paths = new Map<string, string>();
  const bare = new Map<string, string | undefined>();
  const listed = await listAll(files, shards);
  for (const [i, shard] of shards.entries()) {
    for (const name of listed[i]!.filter(isImageName)) {
      const path = join(shard, name);
      paths.set(`${baseName(shard)}/${name}`, path);
      bare.set(name, bare.has(name) ? undefined : path);
    }
  }
  return { names: [...paths.keys()], pathOf: (name) => paths.get(name) ?? bare.get(name) };
}
