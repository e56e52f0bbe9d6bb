/** Writes what lies in shards beside them, for whoever reads them from a server. Changes no shard. */

import { listTar } from "../data/archives/tar.ts";
import { formatIndex, INDEX_ENDING } from "../data/archives/tar_index.ts";
import { type Files, join } from "../data/files.ts";
import { isShardName } from "../data/shards.ts";
import { UsageError } from "./errors.ts";

/** Writes an index for each archive that is named or lies in a folder that is; gives their paths. */
export async function writeIndexes(files: Files, places: readonly string[]): Promise<string[]> {
  const written: string[] = [];
  for (const place of places) {
    for (const path of await shardsOf(files, place)) {
      const { size } = await files.info(path);
      const members = await listTar({ path, size, read: (range) => files.readRange(path, range) });
      const out = path + INDEX_ENDING;
      await files.writeAtomic(out, new TextEncoder().encode(formatIndex(members, size)));
      written.push(out);
    }
  }
  return written;
}

async function shardsOf(files: Files, place: string): Promise<string[]> {
  const kind = await files.kind(place);
  if (kind === "file" && isShardName(place)) return [place];
  const found = kind === "directory"
    ? (await files.list(place)).filter(({ name }) => isShardName(name))
    : [];
  if (found.length > 0) return found.map(({ name }) => join(place, name));
  throw new UsageError(
    `Cannot write an index for "${place}": it is no .tar and no folder of them, one was needed`,
  );
}
