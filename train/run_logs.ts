/** The files of a run folder that grow row by row: how long they are, and cut where a run goes on. Writes no row. */

import { type Files, join } from "../data/files.ts";

/** Whether a file of a run folder grows while the run goes on. */
function grows(name: string): boolean {
  return name === "train.log" || name === "steps.csv" ||
    /^events\.out\.tfevents\.\d+\.verity\.\d+$/.test(name);
}

/** Bytes of each of them. */
export async function logSizes(files: Files, path: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const { name } of await files.list(path)) {
    if (grows(name)) sizes[name] = (await files.info(join(path, name))).size;
  }
  return sizes;
}

/**
 * Makes each of them as long as it was, `sizes` by name, when a checkpoint was written, so that what comes after it is
 * there once and no row is a half one; those that began later are removed. Files that are shorter stay as they are.
 */
export async function cutLogs(
  files: Files,
  path: string,
  sizes: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [name, size] of Object.entries(await logSizes(files, path))) {
    const kept = sizes[name];
    const file = join(path, name);
    if (kept === undefined) await files.remove(file);
    else if (size > kept) {
      await files.writeAtomic(file, await files.readRange(file, { offset: 0, length: kept }));
    }
  }
}

/** Removes what writes that were ended in the middle have left. */
export async function removeParts(files: Files, path: string): Promise<void> {
  for (const { name } of await files.list(path)) {
    if (/\.[0-9a-f]{8}\.part$/.test(name)) await files.remove(join(path, name));
  }
}
