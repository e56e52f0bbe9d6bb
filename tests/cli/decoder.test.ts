/** Workers that decode reach nothing but the libraries that they decode with, and decode all the same. */
import assert from "node:assert/strict";
import { decodingRights, startDecoder } from "../../cli/decoder.ts";
import { openDecoder } from "../../data/decode.ts";
import { Pool } from "../../data/pool.ts";
import { encodeJpeg, encodePng } from "../../data/encode.ts";
import { smooth } from "../data/fixtures.ts";

/** What a worker tries; says what came of it. */
const TRIES = `
  const tries = {
    read: () => Deno.readTextFile("/etc/passwd"),
    write: () => Deno.writeTextFile("/tmp/verity-worker", ""),
    net: () => fetch("http://127.0.0.1:40009/"),
    listen: () => Deno.listen({ port: 0 }),
    run: () => new Deno.Command("true").output(),
    import: () => import("http://127.0.0.1:40009/a.ts"),
  };
  const said = {};
  for (const [name, run] of Object.entries(tries)) {
    try {
      await run();
      said[name] = "done";
    } catch (error) {
      said[name] = error.name;
    }
  }
  postMessage(said);
`;

Deno.test("a worker that decodes may not read, write, ask, listen, start or import", async () => {
  const script = URL.createObjectURL(new Blob([TRIES], { type: "text/javascript" }));
  const worker = new Worker(script, { type: "module", deno: { permissions: decodingRights() } });
  const said = await new Promise<Record<string, string>>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.terminate();
  URL.revokeObjectURL(script);
  // Modules are refused before they are asked for, as if there were none.
  const refused = { read: "NotCapable", write: "NotCapable", net: "NotCapable" };
  assert.deepEqual(said, {
    ...refused,
    listen: "NotCapable",
    run: "NotCapable",
    import: "TypeError",
  });
});

for (const library of ["sharp", "jsquash"] as const) {
  Deno.test(`a worker with these rights decodes with ${library}`, async () => {
    const [decoder, pool] = await Promise.all([
      openDecoder(library),
      Pool.open(1, { library, start: startDecoder }),
    ]);
    const picture = smooth(33, 21, 2);
    const files = { "a.jpg": await encodeJpeg(picture), "b.png": await encodePng(picture) };
    try {
      for (const [name, bytes] of Object.entries(files)) {
        const work = { name, steps: [], keys: [], known: {} };
        const there = await pool.prepare(() => Promise.resolve(bytes.slice()), work);
        assert.deepEqual(there.data, (await decoder.decode(bytes, name)).data);
      }
    } finally {
      pool.close();
    }
  });
}
