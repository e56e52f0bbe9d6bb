/** Assembles data/wasm/pixels.wat; run as a program, it writes the bytes that are committed beside it. */
import openWabt from "wabt";

const SOURCE = new URL("../../data/wasm/pixels.wat", import.meta.url);
const TARGET = new URL("../../data/wasm/pixels_bytes.ts", import.meta.url);

/** The module in base64. Throws what is wrong with the text. */
export async function assembled(): Promise<string> {
  const { parseWat } = await openWabt();
  const module = parseWat("pixels.wat", await Deno.readTextFile(SOURCE), { simd: true });
  module.validate();
  return Uint8Array.from(module.toBinary({}).buffer).toBase64();
}

if (import.meta.main) {
  const text =
    "/** The bytes of pixels.wat, as `deno task wat` makes them: never changed by hand. */\n" +
    `export const BYTES =\n  "${await assembled()}";\n`;
  await Deno.writeTextFile(TARGET, text);
}
