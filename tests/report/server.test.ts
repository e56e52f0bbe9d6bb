/** Tests of what the server of a run answers, and to whom. No port is opened. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { answer } from "../../report/server.ts";
import { temporaryFolder } from "../data/fixtures.ts";

async function serving() {
  const folder = await temporaryFolder({
    "secret.txt": "outside",
    "run/metrics.csv": "epoch\n1\n",
    "run/<b>.log": "inside",
    "run/deeper/file.txt": "deeper",
  });
  await Deno.symlink(`${folder.path}/secret.txt`, `${folder.path}/run/link.txt`);
  let body = "<p>one";
  const server = {
    files: denoFiles,
    path: `${folder.path}/run`,
    page: () => Promise.resolve(body),
  };
  const ask = (
    path: string,
    { host = "127.0.0.1:8033", ...init }: RequestInit & { host?: string } = {},
  ) => {
    const request = new Request(`http://127.0.0.1:8033${path}`, init);
    // Fetch forbids setting the header that a browser sends; a server sees it.
    const headers = new Headers(init.headers);
    headers.set("host", host);
    return answer(
      new Proxy(request, {
        get: (target, name) => name === "headers" ? headers : Reflect.get(target, name),
      }),
      server,
    );
  };
  return { folder, ask, change: (text: string) => body = text };
}

Deno.test("answer() gives the page with a policy, and 304 while it is the same", async () => {
  const { folder, ask, change } = await serving();
  await using _ = folder;
  const first = await ask("/");
  assert.equal(await first.text(), "<p>one");
  assert.match(
    first.headers.get("content-security-policy")!,
    /default-src 'none'.*connect-src 'self'/,
  );
  const tag = { headers: { "if-none-match": first.headers.get("etag")! } };
  assert.equal((await ask("/", tag)).status, 304);
  change("<p>two");
  const second = await ask("/", tag);
  assert.deepEqual([second.status, await second.text()], [200, "<p>two"]);
});

Deno.test("answer() gives files of the run alone", async () => {
  const { folder, ask } = await serving();
  await using _ = folder;
  const metrics = await ask("/metrics.csv");
  assert.deepEqual(
    [metrics.status, metrics.headers.get("x-content-type-options"), await metrics.text()],
    [200, "nosniff", "epoch\n1\n"],
  );
  assert.equal(await (await ask("/%3Cb%3E.log")).text(), "inside");
  for (
    const path of [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/..%5csecret.txt",
      "/%2e%2e%2fsecret.txt",
      `/${encodeURIComponent(`${folder.path}/secret.txt`)}`,
      "/link.txt",
      "/deeper",
      "/deeper/file.txt",
      "/deeper%2ffile.txt",
      "/metrics.csv%00",
      "/.",
      "/nothing",
    ]
  ) {
    const { status } = await ask(path);
    // The address is resolved before the server sees it: "/." is "/".
    assert.ok(path === "/." ? status === 200 : status === 404, `${path}: ${status}`);
  }
  assert.equal((await ask("/%ff")).status, 400);
});

Deno.test("answer() refuses other hosts, whatever they resolve to, and anything but reading", async () => {
  const { folder, ask } = await serving();
  await using _ = folder;
  for (
    const host of ["evil.example:8033", "127.0.0.1.evil.example", "localhost.evil", "192.168.0.2"]
  ) {
    assert.equal((await ask("/", { host })).status, 403, host);
    assert.equal((await ask("/metrics.csv", { host })).status, 403, host);
  }
  for (const host of ["localhost:8033", "localhost", "127.0.0.1", "[::1]:8033"]) {
    assert.equal((await ask("/", { host })).status, 200, host);
  }
  for (const method of ["POST", "PUT", "DELETE"]) {
    assert.equal((await ask("/", { method })).status, 405, method);
  }
});
