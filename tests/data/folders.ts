/** Folders as tests describe them, and how a folder that cannot be used is refused. */

import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { DataError, type DatasetOptions, openDataset } from "../../data/sources.ts";
import { temporaryFolder } from "./fixtures.ts";

/** Files by name with something in them: opening a data set does not decode. */
export function named(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, "x"]));
}

export function table(...rows: string[]): string {
  return ["img_name,target", ...rows, ""].join("\n");
}

/** The message of the DataError that opening must end with. */
export async function message(opening: Promise<unknown>): Promise<string> {
  try {
    await opening;
  } catch (error) {
    assert.ok(error instanceof DataError, String(error));
    assert.equal(error.exitCode, 3);
    assert.match(error.message, /^Cannot [^\n]*[^.\n]$/);
    return error.message;
  }
  assert.fail("a DataError was expected");
}

export async function refused(
  files: Record<string, string>,
  options: DatasetOptions,
  ...needed: (string | RegExp)[]
): Promise<void> {
  await using folder = await temporaryFolder(files);
  const at = (path: DatasetOptions["data"]) =>
    typeof path === "string" ? `${folder.path}/${path}` : path;
  const { data, labels, images, ...rest } = options;
  const paths = Object.fromEntries(
    Object.entries({ data: at(data), labels: at(labels), images: at(images) })
      .filter(([, path]) => path !== undefined),
  );
  const text = await message(openDataset(denoFiles, { ...paths, ...rest }));
  for (const part of needed) {
    if (typeof part === "string") assert.ok(text.includes(part), `${text}\nlacks ${part}`);
    else assert.match(text, part);
  }
}

export const TRAIN = { "trainset_label.txt": table("a.jpg,1", "b.jpg,0", "c.jpg,1", "d.jpg,0") };
export const TRAIN_IMAGES = named(
  "trainset/a.jpg",
  "trainset/b.jpg",
  "trainset/c.jpg",
  "trainset/d.jpg",
);

export const PER_CLASS = named(
  ...["cat", "dog"].flatMap((c) => Array.from({ length: 10 }, (_, i) => `${c}/${i}.jpg`)),
);
