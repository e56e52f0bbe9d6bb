/** Objects on servers as files: a view of a file system in which addresses that were named have contents. */
import { INDEX_ENDING } from "../archives/tar_index.ts";
import { DataError } from "../errors.ts";
import type { Files } from "../files.ts";
import { Lanes } from "./lanes.ts";
import { RemoteObject } from "./object.ts";
import type { Asker } from "./request.ts";
import { type Address, isAddress, plainAddress } from "./shard_list.ts";

/** Requests under way at once. */
const AT_ONCE = 64;

/** Most bytes of an object that is read whole: no label file or index needs more. */
const MAX_WHOLE_BYTES = 2 ** 28;

/** What was named. */
export interface RemotePlaces {
  /** Objects that stand for themselves. */
  readonly objects: readonly Address[];
  /** Objects that stand together in a folder, by the folder's path and by their names in it. */
  readonly folders: ReadonlyMap<string, ReadonlyMap<string, Address>>;
}

/**
 * A view of `files` with the places that were named: no other address is asked for, except for an index beside an
 * object. Folders list their objects; an object is known by its address without the query. Methods reject with
 * {@linkcode DataError} or `UnreachableError`; nothing can be written to a server.
 */
export function withRemote(files: Files, places: RemotePlaces, asker: Asker): Files {
  const lanes = new Lanes(AT_ONCE);
  const { folders } = places;
  const objects = new Map<string, { readonly object: RemoteObject; readonly address: string }>();
  const add = (path: string, { path: address, url }: Address) => {
    objects.set(path, { address, object: new RemoteObject({ path: address, url }, asker, lanes) });
    // A signature is that of one object.
    if (url.search !== "" || !/\.tar$/i.test(path)) return;
    const index = new URL(url.href + INDEX_ENDING);
    const beside = { path: address + INDEX_ENDING, url: index };
    const object = new RemoteObject(beside, asker, lanes);
    objects.set(path + INDEX_ENDING, { address: beside.path, object });
  };
  for (const address of places.objects) add(address.path, address);
  for (const [folder, named] of folders) {
    for (const [name, address] of named) add(`${folder}/${name}`, address);
  }

  /** What a path is called here, undefined where it is one of this machine. */
  function remote(path: string): string | undefined {
    if (isAddress(path)) return plainAddress(path);
    const within = [...folders.keys()].some((folder) =>
      path === folder || path.startsWith(`${folder}/`)
    );
    return within ? path : undefined;
  }

  async function known(path: string) {
    const { object, address = path } = objects.get(path) ?? {};
    const version = await object?.version();
    if (object && version) return { object, version };
    const what = object ? "there is no such object" : "it is none of the addresses that were named";
    throw new DataError(`Cannot read ${address}: ${what}, one was needed`);
  }

  async function whole(path: string) {
    const { object, version: { size } } = await known(path);
    if (size <= MAX_WHOLE_BYTES) return await object.read({ offset: 0, length: size });
    throw new DataError(
      `Cannot read ${path}: it has ${size} bytes, at most ${MAX_WHOLE_BYTES} were needed`,
    );
  }

  return {
    ...files,
    async read(path) {
      const at = remote(path);
      return at === undefined ? await files.read(path) : await whole(at);
    },
    async readRange(path, range) {
      const at = remote(path);
      if (at === undefined) return await files.readRange(path, range);
      return await (await known(at)).object.read(range);
    },
    async info(path) {
      const at = remote(path);
      return at === undefined ? await files.info(path) : (await known(at)).version;
    },
    async readText(path) {
      const at = remote(path);
      if (at === undefined) return await files.readText(path);
      return new TextDecoder().decode(await whole(at));
    },
    async list(dir) {
      const at = remote(dir);
      if (at === undefined) return await files.list(dir);
      const named = folders.get(at);
      if (!named) {
        // One that was named is an archive, unless it is missing.
        await known(at.replace(/\/$/, ""));
        throw new DataError(
          `Cannot list ${at}: servers do not say what they have, addresses such as ` +
            "…/{000..011}.tar, or a list of them, were needed",
        );
      }
      return [...named.keys()].sort().map((name) => ({ name, kind: "file", link: false }));
    },
    async kind(path) {
      const at = remote(path);
      if (at === undefined) return await files.kind(path);
      if (folders.has(at)) return "directory";
      return await objects.get(at)?.object.version() ? "file" : "none";
    },
    async realPath(path) {
      const at = remote(path);
      if (at === undefined) return await files.realPath(path);
      const object = objects.get(at);
      if (object) return object.address;
      // A list is a file of this machine.
      return isAddress(at) ? at : await files.realPath(at);
    },
  };
}
