/** Measured tiles: those that ship and those of this machine's cache. Measures nothing. */

import type { Tiles } from "../engine/graph.ts";
import { TILES_VERSION } from "../engine/ops/tiles.ts";
import { denoFiles as files } from "./files.ts";
import shipped from "./tiles.json" with { type: "json" };

/** A file of measured tiles: good for one version of the kernels. */
export interface TileFile {
  readonly version: number;
  /** By what an adapter calls itself. */
  readonly adapters: Readonly<Record<string, Tiles>>;
}

/** The tiles of all adapters, those in `path` before those that ship; none of other versions. */
export async function measuredTiles(path: string): Promise<TileFile["adapters"]> {
  return mergeTiles(adaptersOf(shipped as unknown as TileFile), await readTiles(path));
}

/** What a file of tiles holds for this version; nothing where there is no such file or it cannot be read. */
export async function readTiles(path: string): Promise<TileFile["adapters"]> {
  const text = await Deno.readTextFile(path).catch(() => undefined);
  if (text === undefined) return {};
  try {
    return adaptersOf(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    console.error(`${path} is no JSON: its tiles are not used`);
    return {};
  }
}

/** Adds `tiles` of an adapter to the file at `path`. */
export async function writeTiles(path: string, adapter: string, tiles: Tiles): Promise<void> {
  const adapters = mergeTiles(await readTiles(path), { [adapter]: tiles });
  const file: TileFile = { version: TILES_VERSION, adapters };
  await files.writeAtomic(path, new TextEncoder().encode(`${JSON.stringify(file, null, 2)}\n`));
}

/** The tiles of both, those of `second` where both have some. */
export function mergeTiles(
  first: TileFile["adapters"],
  second: TileFile["adapters"],
): TileFile["adapters"] {
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return Object.fromEntries([...names].map((name) => [name, { ...first[name], ...second[name] }]));
}

function adaptersOf({ version, adapters }: TileFile): TileFile["adapters"] {
  return version === TILES_VERSION ? adapters : {};
}
