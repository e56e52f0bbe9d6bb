/** Tests of addresses: what braces and lists stand for, and how requests to them are signed. Nothing is asked. */
import assert from "node:assert/strict";
import { DataError } from "../../data/errors.ts";
import { expandBraces, readAddress, readList } from "../../data/remote/shard_list.ts";
import { signedHeaders } from "../../data/remote/sign.ts";

Deno.test("expandBraces() and readList() give what a shell and the package webdataset would", () => {
  assert.deepEqual(
    expandBraces("s3/{008..011}.tar"),
    ["008", "009", "010", "011"].map((n) => `s3/${n}.tar`),
  );
  assert.deepEqual(expandBraces("{a,b}/{0..1}"), ["a/0", "a/1", "b/0", "b/1"]);
  assert.deepEqual(expandBraces("plain"), ["plain"]);
  assert.throws(() => expandBraces("{3..1}"), /ends before it begins/);
  assert.throws(
    () => expandBraces("{x}?secret"),
    (error: Error) => !error.message.includes("secret"),
  );
  assert.throws(() => expandBraces("{0..99999999}"), /more than 100000 addresses/);
  const base = new URL("https://h/set/list.json");
  const paths = (text: string) => readList(text, { where: "l", base }).map(({ path }) => path);
  assert.deepEqual(paths("# ours\n000.tar\n\n../b/001.tar?sig=1\n"), [
    "https://h/set/000.tar",
    "https://h/b/001.tar",
  ]);
  assert.deepEqual(paths('{"shardlist": [{"url": "{0..1}.tar", "nsamples": 3}]}').length, 2);
  assert.deepEqual(paths('["a.tar"]'), ["https://h/set/a.tar"]);
  for (const away of ["https://other/a.tar", "//other/a.tar", "file:///etc/passwd"]) {
    assert.throws(() => readList(away, { where: "l", base }), DataError);
  }
  assert.throws(() => readList("a.tar", { where: "l" }), /it is no address/);
  assert.throws(
    () => readAddress("https://me:secret@h/a"),
    (e: Error) => !/secret/.test(e.message),
  );
});

Deno.test("signedHeaders() gives the signatures of AWS's own examples", async () => {
  const keys = {
    id: "AKIAIOSFODNN7EXAMPLE",
    secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    region: "us-east-1",
  };
  const now = new Date("2013-05-24T00:00:00Z");
  const get = async (path: string, headers = {}) => {
    const url = new URL(`https://examplebucket.s3.amazonaws.com/${path}`);
    return (await signedHeaders(url, { keys, now, headers })).Authorization!;
  };
  const part = await get("test.txt", { Range: "bytes=0-9" });
  assert.match(part, /SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,/);
  assert.match(part, /Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41$/);
  assert.match(
    await get("?max-keys=2&prefix=J"),
    /Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/,
  );
});
