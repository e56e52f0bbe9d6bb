/** Files of a hub on this machine: received, gone on with, checked, found again. Asks no other. */
import assert from "node:assert/strict";
import { hubCache } from "../../cli/hub_cache.ts";
import { downloadFromHub, HubError, HubFileError, type HubOptions } from "../../models/hub.ts";
import { tree } from "../cli/command.ts";
import { type TemporaryFolder, temporaryFolder } from "../data/fixtures.ts";
import { broken, COMMIT, type Loopback, loopback, partOf, sha256 } from "./loopback.ts";

const CONTENT = new Uint8Array(100_000).map((_, i) => (i * i) % 253);
const ETAG = await sha256(CONTENT);
const FILE = { repository: "timm/small.tag", revision: "main", name: "model.safetensors" };
const REPOSITORY = "models--timm--small.tag";

interface Ran {
  readonly hub: Loopback;
  readonly folder: TemporaryFolder;
  readonly download: (options?: Partial<HubOptions>) => Promise<Uint8Array>;
  /** What was said. */
  readonly said: string[];
  /** Milliseconds that were waited. */
  readonly waits: number[];
}

/** A test with a hub that has FILE and an empty cache. */
function hubTest(name: string, run: (ran: Ran) => Promise<void>): void {
  Deno.test(`downloadFromHub() ${name}`, async () => {
    await using folder = await temporaryFolder();
    await using hub = await loopback({ [`${FILE.repository}/${FILE.name}`]: CONTENT });
    const [said, waits]: [string[], number[]] = [[], []];
    const download = async (options: Partial<HubOptions> = {}) => {
      const path = await downloadFromHub(FILE, {
        fetch,
        cache: hubCache(folder.path),
        endpoint: hub.endpoint,
        report: (text) => said.push(text),
        wait: (milliseconds) => Promise.resolve(void waits.push(milliseconds)),
        ...options,
      });
      assert.equal(path, `${folder.path}/${REPOSITORY}/snapshots/${COMMIT}/${FILE.name}`);
      return await Deno.readFile(path);
    };
    await run({ hub, folder, download, said, waits });
  });
}

const methods = ({ asked }: Loopback) => asked.map(({ method }) => method);
const refused = (type: typeof HubError, pattern: RegExp) => (error: unknown) => {
  assert(error instanceof type, String(error));
  assert.match(error.message, /^Cannot (read|use) timm\/small\.tag\/model\.safetensors/);
  assert.match(error.message, pattern);
  return true;
};

hubTest("keeps a file as the hub's own tools do", async ({ download, folder, said }) => {
  assert.deepEqual(await download(), CONTENT);
  const locks = `.locks/${REPOSITORY}/${ETAG}.lock`;
  const [snapshot, blob] = [`snapshots/${COMMIT}/${FILE.name}`, `blobs/${ETAG}`];
  const paths = (await tree(folder.path)).filter((path) => path.split("/").length > 2);
  assert.deepEqual(
    paths.filter((path) => path !== `${REPOSITORY}/snapshots/${COMMIT}`),
    [locks, ...[blob, "refs/main", snapshot].map((path) => `${REPOSITORY}/${path}`)],
  );
  const at = `${folder.path}/${REPOSITORY}`;
  assert.equal(await Deno.readLink(`${at}/${snapshot}`), `../../${blob}`);
  assert.equal(await Deno.readTextFile(`${at}/refs/main`), COMMIT);
  assert.match(
    said.join("\n"),
    /^Receiving timm\/small\.tag\/model\.safetensors \(0\.1 MB\) from 127/,
  );
});

hubTest("receives a file once", async ({ hub, download }) => {
  await download();
  assert.deepEqual(await download(), CONTENT);
  assert.deepEqual(methods(hub), ["HEAD", "GET", "HEAD"]);
});

hubTest("asks nobody offline", async ({ hub, download }) => {
  await assert.rejects(
    download({ offline: true }),
    refused(HubFileError, /not in the cache.*offline/),
  );
  await download();
  const before = hub.asked.length;
  assert.deepEqual(await download({ offline: true }), CONTENT);
  assert.equal(hub.asked.length, before);
});

hubTest("goes on where a body broke off", async ({ hub, download, waits, said }) => {
  hub.answers.push(undefined, () => broken(CONTENT, 30_000));
  assert.deepEqual(await download(), CONTENT);
  assert.deepEqual(methods(hub), ["HEAD", "GET", "HEAD", "GET"]);
  assert.equal(hub.asked.at(-1)?.range, "bytes=30000-");
  assert.deepEqual(waits, [1000]);
  assert.match(said.join("\n"), /stopped in the middle; the next attempt is in 1 s/);
});

hubTest("goes on where another process stopped", async ({ hub, folder, download }) => {
  const blobs = `${folder.path}/${REPOSITORY}/blobs`;
  await Deno.mkdir(blobs, { recursive: true });
  await Deno.writeFile(`${blobs}/${ETAG}.incomplete`, CONTENT.subarray(0, 99_999));
  assert.deepEqual(await download(), CONTENT);
  assert.equal(hub.asked.at(-1)?.range, "bytes=99999-");
});

hubTest("begins again where a host sends all of it for a part", async ({ hub, download }) => {
  const whole = () => new Response(CONTENT);
  hub.answers.push(undefined, () => broken(CONTENT, 30_000), undefined, whole);
  assert.deepEqual(await download(), CONTENT);
});

hubTest("begins again where a host has no such part", async ({ hub, download }) => {
  const none = () => new Response(null, { status: 416 });
  hub.answers.push(undefined, () => broken(CONTENT, 30_000), undefined, none);
  assert.deepEqual(await download(), CONTENT);
  assert.deepEqual(hub.asked.map(({ range }) => range).filter(Boolean), ["bytes=30000-"]);
});

hubTest("refuses content of another hash and forgets it", async ({ hub, folder, download }) => {
  const wrong = CONTENT.map((byte, i) => i === 5 ? byte ^ 1 : byte);
  hub.answers.push(undefined, (request) => partOf(request, wrong));
  await assert.rejects(download(), refused(HubError, /not that of its SHA-256/));
  assert(!(await tree(folder.path)).some((path) => path.includes("snapshots")));
  assert.deepEqual(await download(), CONTENT);
});

hubTest("refuses more than was announced", async ({ hub, download, waits }) => {
  const long = () => new Response(new Uint8Array(CONTENT.length + 1));
  hub.answers.push(undefined, long);
  await assert.rejects(download(), refused(HubError, /sent more than that/));
  assert.deepEqual(waits, []);
});

hubTest("says of a file that is not there that it is not", async ({ hub, download, waits }) => {
  hub.answers.push(() => new Response(null, { status: 404 }));
  await assert.rejects(download(), refused(HubFileError, /answered 404, it has no such file/));
  hub.answers.push(() => new Response(null, { status: 401 }));
  await assert.rejects(download(), refused(HubError, /answered 401.*token/));
  assert.deepEqual(waits, []);
});

hubTest("waits as long as the hub asks for", async ({ hub, download, waits }) => {
  const busy = (after: string) => () =>
    new Response(null, { status: 429, headers: { "Retry-After": after } });
  hub.answers.push(busy("7"), undefined, busy(new Date(Date.now() + 60_000).toUTCString()));
  assert.deepEqual(await download(), CONTENT);
  assert.deepEqual(waits.map((wait) => Math.ceil(wait / 10_000)), [1, 6]);
  assert.equal(waits[0], 7000);
});

hubTest("does not wait for an hour", async ({ hub, download, waits }) => {
  hub.answers.push(() => new Response(null, { status: 429, headers: { "Retry-After": "3600" } }));
  await assert.rejects(download(), refused(HubError, /answered 429/));
  assert.deepEqual(waits, []);
});

hubTest(
  "gives up on a hub that stays broken, or uses what it has",
  async ({ hub, download, waits, said }) => {
    const fail = () => {
      for (let i = 0; i < 5; i++) hub.answers.push(() => new Response(null, { status: 503 }));
    };
    fail();
    await assert.rejects(download(), refused(HubError, /answered 503/));
    assert.deepEqual(waits, [1000, 2000, 4000, 8000]);
    await download();
    fail();
    assert.deepEqual(await download(), CONTENT);
    assert.match(said.at(-1)!, /answered 503; what the cache has is used/);
  },
);

hubTest("does not wait for a network that is not there", async ({ download, waits, said }) => {
  const nowhere = { endpoint: "http://127.0.0.1:1" };
  await assert.rejects(download(nowhere), refused(HubError, /127\.0\.0\.1:1 does not answer/));
  await download();
  assert.deepEqual(await download(nowhere), CONTENT);
  assert.match(said.at(-1)!, /what the cache has is used/);
  assert.deepEqual(waits, []);
});

hubTest("does not wait for a hub that accepts and says nothing", async ({ hub, download }) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `http://127.0.0.1:${listener.addr.port}`;
  await assert.rejects(download({ endpoint, silence: 50 }), refused(HubError, /does not answer/));
  hub.answers.push(undefined, () => new Response(new ReadableStream()));
  assert.deepEqual(await download({ silence: 1000 }), CONTENT);
  assert(methods(hub).length >= 4);
});

hubTest("sends its token to the hub and to nobody else", async ({ hub, download }) => {
  await using elsewhere = await loopback({ "signed/content": CONTENT });
  const away = () =>
    new Response(null, {
      status: 302,
      headers: {
        "Location": `${elsewhere.endpoint}/signed/content?signature=1`,
        "Content-Length": "999",
        "X-Linked-Size": `${CONTENT.length}`,
        "X-Linked-Etag": `"${ETAG}"`,
        "ETag": '"of-the-pointer"',
        "X-Repo-Commit": COMMIT,
      },
    });
  const renamed = () =>
    new Response(null, {
      status: 307,
      headers: { "Location": `/timm/renamed.tag/resolve/main/${FILE.name}` },
    });
  hub.answers.push(renamed, away);
  assert.deepEqual(await download({ token: "hf_secret" }), CONTENT);
  assert.deepEqual(
    hub.asked.map(({ method, path, authorization }) => [method, path, authorization]),
    ["small", "renamed"].map((name) => [
      "HEAD",
      `/timm/${name}.tag/resolve/main/${FILE.name}`,
      "Bearer hf_secret",
    ]),
  );
  assert.deepEqual(
    elsewhere.asked.map(({ method, authorization }) => [method, authorization]),
    [["GET", null]],
  );
});

hubTest("drops its token where content is redirected", async ({ hub, download }) => {
  await using elsewhere = await loopback({ "signed/content": CONTENT });
  const away = () => Response.redirect(`${elsewhere.endpoint}/signed/content`, 302);
  hub.answers.push(undefined, away);
  assert.deepEqual(await download({ token: "hf_secret" }), CONTENT);
  assert.deepEqual(elsewhere.asked.map(({ authorization }) => authorization), [null]);
});

hubTest("does not follow redirects without end", async ({ hub, download }) => {
  const round = (request: Request) =>
    new Response(null, { status: 302, headers: { "Location": new URL(request.url).pathname } });
  for (let i = 0; i < 9; i++) hub.answers.push(round);
  await assert.rejects(download(), refused(HubError, /redirects without end/));
});

for (
  const [what, headers] of [
    ["no commit", { "ETag": '"a"', "Content-Length": "1" }],
    ["no etag", { "X-Repo-Commit": COMMIT, "Content-Length": "1" }],
    ["an etag that is a path", { "X-Repo-Commit": COMMIT, "ETag": '"../../x"' }],
    ["a commit that is a path", { "X-Repo-Commit": "../".repeat(13) + "a", "ETag": '"a"' }],
  ] as const
) {
  hubTest(`refuses an answer with ${what}`, async ({ hub, folder, download }) => {
    hub.answers.push(() => new Response(null, { headers }));
    await assert.rejects(download(), refused(HubError, /does not answer as a hub/));
    assert.deepEqual(await tree(folder.path), []);
  });
}

hubTest("receives a file once for two who want it", async ({ hub, download }) => {
  assert.deepEqual(await Promise.all([download(), download()]), [CONTENT, CONTENT]);
  assert.deepEqual(methods(hub).filter((method) => method === "GET").length, 1);
});

hubTest("sees when a revision has other content", async ({ hub, folder, download }) => {
  await download();
  const moved = "f".repeat(40);
  const other = Uint8Array.of(1, 2, 3);
  const headers = { "X-Repo-Commit": moved, "ETag": `"${await sha256(other)}"` };
  hub.answers.push(
    () => new Response(null, { headers: { ...headers, "Content-Length": "3" } }),
    (request) => partOf(request, other),
  );
  await assert.rejects(download(), /snapshots/); // another path than that of COMMIT
  assert.equal(await Deno.readTextFile(`${folder.path}/${REPOSITORY}/refs/main`), moved);
});
