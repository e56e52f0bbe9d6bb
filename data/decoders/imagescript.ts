/** imagescript, slow and of few formats: for what nothing else reads. */
import type { Codec } from "./codec.ts";
import { withoutAlpha } from "./codec.ts";

/** The codec. It is loaded, and its WebAssembly, when it meets the first image. */
export function openImagescript(): Codec {
  return {
    library: "imagescript",
    version: "imagescript 1.3.1",
    formats: ["jpeg", "png", "gif"],
    async decode(bytes) {
      const { decode, GIF } = await import("imagescript");
      const decoded = await decode(bytes);
      const frame = decoded instanceof GIF ? decoded[0]! : decoded;
      const { width, height, bitmap } = frame;
      return { width, height, data: withoutAlpha(bitmap) };
    },
  };
}
