/** `web`: the folder that it writes, what it refuses to overwrite, and how it answers. */

import assert from "node:assert/strict";
import { answer } from "../../cli/web.ts";
import type { Site } from "../../cli/web_site.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { tree, verity } from "./command.ts";

Deno.test("web --build writes a page of one folder, with sizes and licences", async () => {
  await using folder = await temporaryFolder({ "mine/thesis.txt": "mine" });
  const out = `${folder.path}/site`;
  for (let time = 0; time < 2; time++) {
    const { code, out: said, err } = await verity(["web", "--build", "--out", out, "--json"]);
    assert.equal(code, 0, err);
    const { files } = JSON.parse(said);
    assert.deepEqual(files.map(({ name }: { name: string }) => name), await tree(out));
  }
  const page = await Deno.readTextFile(`${out}/index.html`);
  assert.doesNotMatch(page, /(href|src)="(\/|https?:)/, "only names beside it");
  assert.match(page, /script-src 'self' 'wasm-unsafe-eval';/);
  assert.match(await Deno.readTextFile(`${out}/licences.txt`), /^uplot 1\.6\.32 \(MIT\)$/m);
  const listed = JSON.parse(
    (await Deno.readTextFile(`${out}/service_worker.js`)).match(/SITE=(.*);/)![1]!,
  );
  const kept = (await tree(out)).filter((name) => name !== "service_worker.js");
  assert.deepEqual(listed.files, kept);

  const refused = await verity(["web", "--build", "--out", `${folder.path}/mine`]);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /it holds other files, an empty folder or an older build was needed/);
});

Deno.test("web answers for its own files alone, isolated from other sites", async () => {
  const site: Site = { files: new Map([["index.html", new Uint8Array([60])]]), version: "1" };
  const ask = (path: string, headers = {}) =>
    answer(new Request(`http://127.0.0.1:1${path}`, { headers }), site);
  const page = await ask("/");
  assert.equal(page.status, 200);
  assert.equal(page.headers.get("cross-origin-opener-policy"), "same-origin");
  assert.equal(page.headers.get("cross-origin-embedder-policy"), "require-corp");
  assert.match(page.headers.get("content-security-policy")!, /default-src 'none'.*frame-ancestors/);
  for (const path of ["/other", "/../deno.json", "/%2e%2e/deno.json", "/%ff"]) {
    assert.equal((await ask(path)).status, 404, path);
  }
  assert.equal((await ask("/", { host: "evil.example" })).status, 403);
});
