/** What lies in a tar archive, as a file beside it: spares whoever reads it from a server to look for headers. */
import { DataError } from "../errors.ts";
import type { Named } from "./zip.ts";

/** What it is called: the archive's name and this. */
export const INDEX_ENDING = ".index";

/** Its first line says what it is, and how many bytes the archive has. */
const KIND = "verity tar index 1";

/** A file of the archive as a line: name, first byte, bytes, and they themselves in Base64 where they are few. */
type Line = readonly [name: string, offset: number, length: number, bytes?: string];

/** The index of an archive of `size` bytes. */
export function formatIndex(members: readonly Named[], size: number): string {
  const lines = members.map(({ name, range: { offset, length }, bytes }): Line =>
    bytes ? [name, offset, length, bytes.toBase64()] : [name, offset, length]
  );
  return [[KIND, size], ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/**
 * What an index says of an archive of `size` bytes. Throws {@linkcode DataError} where it is none, or of an archive of
 * another size.
 */
export function parseIndex(
  text: string,
  { where, size }: { readonly where: string; readonly size: number },
): Named[] {
  const refuse = (is: string) =>
    new DataError(
      `Cannot use ${where}: ${is}, the index of the archive beside it was needed; make it anew or remove it`,
    );
  const lines = text.trimEnd().split("\n").map((line): unknown => {
    try {
      return JSON.parse(line);
    } catch {
      throw refuse("it is no JSON Lines");
    }
  });
  const [head, ...members] = lines as unknown[][];
  if (!Array.isArray(head) || head[0] !== KIND) throw refuse("it is another file");
  if (head[1] !== size) throw refuse(`it is of an archive of ${head[1]} bytes, not ${size}`);
  return members.map((line): Named => {
    if (!isLine(line, size)) {
      throw refuse(`${JSON.stringify(line).slice(0, 80)} names no file of it`);
    }
    const [name, offset, length, packed] = line;
    const member = { name, range: { offset, length }, size: length };
    if (packed === undefined) return member;
    const bytes = unpacked(packed);
    if (bytes?.length !== length) throw refuse(`the bytes of ${name} are not ${length}`);
    return { ...member, bytes };
  });
}

function isLine(line: unknown, size: number): line is Line {
  if (!Array.isArray(line)) return false;
  const [name, offset, length, bytes] = line;
  return typeof name === "string" && (bytes === undefined || typeof bytes === "string") &&
    [offset, length].every((n) => Number.isSafeInteger(n) && n >= 0) && offset + length <= size;
}

function unpacked(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}
