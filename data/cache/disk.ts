/**
 * Prepared images in files, for later epochs and later runs. Several programs may use one folder: files appear
 * whole or not at all and are never changed; one that another program removed is made again.
 */
import { type FileInfo, type Files, join } from "../files.ts";
import type { Image } from "../image.ts";
import type { Cache, Key } from "./cache.ts";
import {
  checksum,
  headerLength,
  PREAMBLE,
  readHeader,
  type ShardEntry,
  writeShard,
} from "./shard.ts";

/** Bytes of pixels that are gathered before they become a file. */
const SHARD_BYTES = 2 ** 25;

const ENDING = ".shard";

/** What a program that was killed leaves of a file; after an hour nobody writes it any more. */
const LEFTOVER = ".part";
const HOUR = 3_600_000;

/** How a {@linkcode DiskCache} works. */
export interface DiskCacheOptions {
  /** The folder; it is made when it is not there. */
  readonly dir: string;
  /** Bytes that all files in the folder may have together. */
  readonly limit: number;
  /** Hears one sentence where something is lost or left out. */
  readonly note?: (text: string) => void;
}

/** A file of the cache. */
interface Shard {
  readonly path: string;
  /** Whether an image came from it. */
  used: boolean;
}

/** Where an image is. */
interface Place {
  readonly shard: Shard;
  readonly entry: ShardEntry;
  /** Whether its checksum was right once. */
  checked: boolean;
}

/** Images of one prefix. */
interface Shelf {
  readonly dir: string;
  readonly places: Map<string, Place>;
  /** Images that are not in a file yet. */
  readonly pending: Map<string, Image>;
  bytes: number;
}

/** Keeps images in files. The oldest files that this program has not used make room for new ones. */
export class DiskCache implements Cache {
  readonly #files: Files;
  readonly #options: DiskCacheOptions;
  readonly #shelves = new Map<string, Promise<Shelf>>();
  readonly #identities = new Map<string, Promise<string>>();
  readonly #shards = new Map<string, Shard>();
  #publishing: Promise<void> = Promise.resolve();
  #full = false;

  /** Images are read from and written to `files`, those of archives included. */
  constructor(files: Files, options: DiskCacheOptions) {
    this.#files = files;
    this.#options = options;
  }

  /** Whether images are still kept. */
  get open(): boolean {
    return !this.#full;
  }

  /** The image, if it was made of the same file in the same state; it is checked when it is read first. */
  async get({ prefix, path }: Key): Promise<Image | undefined> {
    const shelf = await this.#shelf(prefix);
    let key: string;
    try {
      key = await this.#identity(path);
    } catch {
      // Whoever reads the file will say what is wrong with it.
      return undefined;
    }
    const pending = shelf.pending.get(key);
    if (pending) return pending;
    const place = shelf.places.get(key);
    if (!place) return undefined;
    const { shard, entry: { width, height, range, sum } } = place;
    let data: Uint8Array;
    try {
      data = await this.#files.readRange(shard.path, range);
    } catch {
      // Another program made room, or the disk has a fault: the image is made again.
      await this.#forget(shelf, shard);
      return undefined;
    }
    if (!place.checked && checksum(data) !== sum) {
      await this.#forget(shelf, shard);
      this.#say(`${shard.path} is damaged and was removed: its images are prepared again`);
      return undefined;
    }
    place.checked = true;
    shard.used = true;
    return { width, height, data };
  }

  /** Keeps an image; every so often, and on {@linkcode flush}, kept ones become a file. */
  async put({ prefix, path }: Key, image: Image): Promise<void> {
    if (this.#full) return;
    const [shelf, key] = await Promise.all([this.#shelf(prefix), this.#identity(path)]);
    if (shelf.pending.has(key) || shelf.places.has(key)) return;
    shelf.pending.set(key, image);
    shelf.bytes += image.data.length;
    if (shelf.bytes >= SHARD_BYTES) await this.#publish(shelf);
  }

  /** Writes what is not in a file yet. */
  async flush(): Promise<void> {
    for (const shelf of this.#shelves.values()) await this.#publish(await shelf);
  }

  /** Path, size and time of a file, and what a server calls its state: another state of it is another image. Asked once for each. */
  #identity(path: string): Promise<string> {
    let identity = this.#identities.get(path);
    if (!identity) {
      identity = Promise.all([this.#files.realPath(path), this.#files.info(path)])
        .then(([real, { size, modified, tag }]: [string, FileInfo]) =>
          [real, size, modified, ...tag === undefined ? [] : [tag]].join("|")
        );
      this.#identities.set(path, identity);
    }
    return identity;
  }

  #shelf(prefix: string): Promise<Shelf> {
    let shelf = this.#shelves.get(prefix);
    if (!shelf) {
      shelf = this.#open(prefix);
      this.#shelves.set(prefix, shelf);
    }
    return shelf;
  }

  async #open(prefix: string): Promise<Shelf> {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(prefix));
    const dir = join(this.#options.dir, new Uint8Array(digest).toHex().slice(0, 16));
    const shelf: Shelf = { dir, places: new Map(), pending: new Map(), bytes: 0 };
    try {
      await this.#files.makeDirectory(dir);
    } catch (error) {
      // Images that are there may still be read.
      this.#close(dir, error);
      if (await this.#files.kind(dir) !== "directory") return shelf;
    }
    for (const { name, kind } of await this.#files.list(dir)) {
      if (kind === "file" && name.endsWith(ENDING)) await this.#index(shelf, join(dir, name));
    }
    return shelf;
  }

  /** Adds what a file holds; removes one that is damaged. */
  async #index(shelf: Shelf, path: string): Promise<void> {
    const shard: Shard = { path, used: false };
    let entries: ShardEntry[] | undefined;
    try {
      const { size } = await this.#files.info(path);
      const preamble = await this.#files.readRange(path, { offset: 0, length: PREAMBLE });
      const length = headerLength(preamble);
      if (length !== undefined) {
        const header = await this.#files.readRange(path, { offset: PREAMBLE, length });
        entries = readHeader(preamble, header, size);
      }
    } catch {
      // Too short, or gone since it was listed.
    }
    if (!entries) {
      await this.#remove(path);
      return this.#say(`${path} is damaged and was removed: its images are prepared again`);
    }
    this.#shards.set(path, shard);
    for (const entry of entries) shelf.places.set(entry.key, { shard, entry, checked: false });
  }

  async #forget(shelf: Shelf, shard: Shard): Promise<void> {
    for (const [key, place] of shelf.places) if (place.shard === shard) shelf.places.delete(key);
    this.#shards.delete(shard.path);
    await this.#remove(shard.path);
  }

  /** Removes a file; one that stays is not used all the same. */
  async #remove(path: string): Promise<void> {
    await this.#files.remove(path).catch(() => {});
  }

  /** Makes a file of what is pending; one at a time, so that room is counted rightly. */
  #publish(shelf: Shelf): Promise<void> {
    this.#publishing = this.#publishing.then(() => this.#write(shelf));
    return this.#publishing;
  }

  async #write(shelf: Shelf): Promise<void> {
    const images = [...shelf.pending].map(([key, image]) => ({ key, image }));
    if (images.length === 0) return;
    shelf.bytes = 0;
    const bytes = writeShard(images);
    const path = join(shelf.dir, crypto.randomUUID() + ENDING);
    try {
      if (!await this.#makeRoom(bytes.length)) {
        this.#full = true;
        this.#say(
          `${this.#options.dir} has its ${this.#options.limit} bytes: further images are not kept`,
        );
      } else {
        await this.#files.writeAtomic(path, bytes);
        await this.#index(shelf, path);
        const shard = this.#shards.get(path);
        if (shard) shard.used = true;
      }
    } catch (error) {
      this.#close(shelf.dir, error);
    }
    for (const { key } of images) shelf.pending.delete(key);
  }

  /** Removes files until `bytes` more fit; false when those that are in use leave no room. */
  async #makeRoom(bytes: number): Promise<boolean> {
    const { dir, limit } = this.#options;
    const found: (FileInfo & { readonly path: string })[] = [];
    for (const shelf of await this.#files.list(dir)) {
      if (shelf.kind !== "directory") continue;
      for (const { name } of await this.#files.list(join(dir, shelf.name))) {
        const path = join(join(dir, shelf.name), name);
        // A file that another program is removing has no size any more.
        const info = await this.#files.info(path).catch(() => undefined);
        if (info && name.endsWith(ENDING)) found.push({ ...info, path });
        const leftover = info && name.endsWith(LEFTOVER) && Date.now() - info.modified > HOUR;
        if (leftover) await this.#files.remove(path);
      }
    }
    let total = found.reduce((sum, { size }) => sum + size, bytes);
    for (const { path, size } of found.sort((a, b) => a.modified - b.modified)) {
      if (total <= limit) break;
      if (this.#shards.get(path)?.used) continue;
      await this.#files.remove(path);
      total -= size;
    }
    return total <= limit;
  }

  /** Keeps no further images in files, and says so once. */
  #close(dir: string, error: unknown): void {
    if (this.#full) return;
    this.#full = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#say(`${dir} takes no more images (${reason}): further images are not kept`);
  }

  #say(text: string): void {
    this.#options.note?.(text);
  }
}
