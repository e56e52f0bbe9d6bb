/** jSquash, the codecs of Squoosh as WebAssembly: the same bytes where native code may not run and in a tab. */
import type { Format, Header } from "../headers/header.ts";
import type { Image } from "../image.ts";
import { type Codec, withoutAlpha } from "./codec.ts";
import { openImagescript } from "./imagescript.ts";

/** Pixels with an alpha channel, as a browser has them. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

type Decode = (bytes: ArrayBuffer) => Promise<unknown>;

/** What libjpeg said on its error channel since this was last emptied: warnings go there. */
const said: string[] = [];

/** How each format is loaded; the codecs find their `.wasm` beside their own file. */
const LOAD: Readonly<Partial<Record<Format, () => Promise<Decode>>>> = {
  async jpeg() {
    const { default: decode, init } = await import("@jsquash/jpeg/decode.js");
    await init({ printErr: (text: string) => said.push(text) });
    // Loaded for sure, so that no file waits for it.
    await decode(new ArrayBuffer(0)).catch(() => {});
    return decode;
  },
  async png() {
    const { default: decode } = await import("@jsquash/png/decode.js");
    return (bytes) => decode(bytes);
  },
  async webp() {
    return (await import("@jsquash/webp/decode.js")).default;
  },
  async avif() {
    return (await import("@jsquash/avif/decode.js")).default;
  },
};

/** How this package calls its JPEG codec and which one it is. */
export const JPEG = "jsquash jpeg 1.6.0";

/** Settles when nothing is decoded: one file after the other, so that what is said belongs to it. */
let idle: Promise<unknown> = Promise.resolve();

/** The image in a file of a format; rejects when the library complains. */
function decodeBy(decode: Decode, bytes: Uint8Array): Promise<Image> {
  const image = idle.then(async () => {
    said.length = 0;
    // What the package calls ImageData, with a Uint8ClampedArray in every format here.
    const { width, height, data } = await decode(new Uint8Array(bytes).buffer) as Pixels;
    // A damaged scan is filled with grey and only complained about.
    if (said.length > 0) throw new Error(said.join("; "));
    return { width, height, data: withoutAlpha(data) };
  });
  idle = image.catch(() => {});
  return image;
}

/** Decodes JPEG files, not those in inks; rejects when the library complains. */
export async function openJpeg(): Promise<(bytes: Uint8Array) => Promise<Image>> {
  const decode = await LOAD.jpeg!();
  return (bytes) => decodeBy(decode, bytes);
}

/** The codec, with another for GIF and JPEG in inks, which jSquash does not read. */
export function openJsquash(other: Codec = openImagescript()): Codec {
  const loaded = new Map<Format, Promise<Decode>>();
  return {
    library: "jsquash",
    version: `${JPEG}, png 3.1.1, webp 1.5.0, avif 2.1.1; ${other.version}`,
    formats: ["jpeg", "png", "webp", "avif", "gif"],
    async decode(bytes: Uint8Array, header: Header): Promise<Image> {
      const { format, jpeg } = header;
      const load = LOAD[format];
      if (!load || jpeg?.channels === 4) return await other.decode(bytes, header);
      let decode = loaded.get(format);
      if (!decode) {
        decode = load();
        loaded.set(format, decode);
      }
      return await decodeBy(await decode, bytes);
    },
  };
}
