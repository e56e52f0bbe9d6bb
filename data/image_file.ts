/** The bytes of an image file, where they are not too many for one. Decodes nothing. */
import { DataError } from "./errors.ts";
import type { Files } from "./files.ts";
import type { Sample } from "./sample.ts";

/** Most bytes of an image file, which is read as a whole: as many as the pixels of the largest image are. */
export const MAX_BYTES = 2 ** 29;

/** The bytes of a sample's file. Rejects with DataError where they are more than {@linkcode MAX_BYTES}. */
export async function readImageFile(
  files: Files,
  { name, path }: Pick<Sample, "name" | "path">,
): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await files.info(path);
  if (size <= MAX_BYTES) return await files.read(path);
  throw new DataError(
    `Cannot read ${name}: it has ${size} bytes, at most ${MAX_BYTES} were needed`,
  );
}
