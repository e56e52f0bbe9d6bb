/** Temporary folders and made-up pictures for the tests of data. Asserts nothing. */
import { encodeJpeg, encodePng } from "../../data/encode.ts";
import type { Image } from "../../data/image.ts";
import { hash } from "../../data/random.ts";

/** A temporary folder that is removed at the end of its scope. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Its absolute path. */
  readonly path: string;
}

/** Makes a temporary folder that holds the files named; names that end with `/` are folders. */
export async function temporaryFolder(
  files: Record<string, string | Uint8Array> = {},
): Promise<TemporaryFolder> {
  const path = await Deno.makeTempDir({ prefix: "verity-test-" });
  for (const [name, content] of Object.entries(files)) {
    const file = `${path}/${name}`;
    await Deno.mkdir(file.replace(/\/[^/]*$/, ""), { recursive: true });
    if (name.endsWith("/")) continue;
    if (typeof content === "string") await Deno.writeTextFile(file, content);
    else await Deno.writeFile(file, content);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Noise: byte i is the top byte of murmur's finaliser of i + seed · 0x9e3779b9. */
export function noise(width: number, height: number, seed: number): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    let h = (i + Math.imul(seed, 0x9e3779b9)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 24;
  });
  return { width, height, data };
}

/** A smooth picture that differs from any other seed's, as a JPEG leaves it nearly unchanged. */
export function smooth(width: number, height: number, seed: number): Image {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y, c] = [
      Math.floor(i / 3) % width / width,
      Math.floor(i / 3 / width) / height,
      i % 3,
    ];
    const phase = hash(seed, c) / 2 ** 32 * 7;
    data[i] = 128 + 100 * Math.sin(2 * x + 3 * y + phase);
  }
  return { width, height, data };
}

/** Bytes of small image files by name, one picture each; a name's ending says the format. */
export async function pictures(
  names: readonly string[],
  { width = 20, height = 16 } = {},
): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const [i, name] of names.entries()) {
    const image = smooth(width, height, i);
    files[name] = name.endsWith(".png") ? await encodePng(image) : await encodeJpeg(image);
  }
  return files;
}
