/** Tests of the file system through Deno: what is written is whole or not there at all. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { baseName, directoryName, join } from "../../data/files.ts";
import { temporaryFolder } from "./fixtures.ts";

async function names(path: string): Promise<string[]> {
  return (await denoFiles.list(path)).map(({ name }) => name);
}

Deno.test("writeAtomic() makes and replaces a file and leaves nothing else", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a.bin`;
  await denoFiles.writeAtomic(path, new Uint8Array([1, 2, 3]));
  await denoFiles.writeAtomic(path, new Uint8Array([4, 5]));
  assert.deepEqual([...await denoFiles.read(path)], [4, 5]);
  assert.deepEqual(await names(folder.path), ["a.bin"]);
});

Deno.test("writeAtomic() that fails leaves what was there and no temporary file", async () => {
  await using folder = await temporaryFolder({ "taken/inside.txt": "x" });
  await assert.rejects(denoFiles.writeAtomic(`${folder.path}/taken`, new Uint8Array(9)));
  assert.deepEqual(await names(folder.path), ["taken"]);
  assert.deepEqual(await names(`${folder.path}/taken`), ["inside.txt"]);
  await assert.rejects(denoFiles.writeAtomic(`${folder.path}/none/a`, new Uint8Array(9)));
});

Deno.test("writeAtomic() writes in the working directory too", async () => {
  await using folder = await temporaryFolder();
  // In a process of its own: other tests run in this one.
  const write = `import { denoFiles } from "${new URL("../../cli/files.ts", import.meta.url)}";
    await denoFiles.writeAtomic("bare.txt", new TextEncoder().encode("x"));
    console.log(await denoFiles.readText("bare.txt"));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", write],
    cwd: folder.path,
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "x\n");
  assert.deepEqual(await names(folder.path), ["bare.txt"]);
});

Deno.test("a reader sees the old or the new file and never a part", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/big`;
  const size = 1 << 20;
  await denoFiles.writeAtomic(path, new Uint8Array(size));
  let writing = true;
  const reader = (async () => {
    while (writing) {
      const bytes = await denoFiles.read(path);
      assert.equal(bytes.length, size);
      assert.equal(bytes[0], bytes[size - 1]);
    }
  })();
  for (let i = 1; i <= 10; i++) await denoFiles.writeAtomic(path, new Uint8Array(size).fill(i));
  writing = false;
  await reader;
});

Deno.test("list() is in order and says what links lead to", async () => {
  await using folder = await temporaryFolder({ "b.txt": "", "a/x": "", "B.txt": "" });
  await Deno.symlink("a", `${folder.path}/to-folder`);
  await Deno.symlink("gone", `${folder.path}/to-nothing`);
  assert.deepEqual(await denoFiles.list(folder.path), [
    { name: "B.txt", kind: "file", link: false },
    { name: "a", kind: "directory", link: false },
    { name: "b.txt", kind: "file", link: false },
    { name: "to-folder", kind: "directory", link: true },
    { name: "to-nothing", kind: "none", link: true },
  ]);
});

Deno.test("kind(), readText(), appendText() and remove()", async () => {
  await using folder = await temporaryFolder({ "bom.txt": "\ufeffimg_name", "d/e/f": "x" });
  const { path } = folder;
  assert.equal(await denoFiles.kind(`${path}/d`), "directory");
  assert.equal(await denoFiles.kind(`${path}/none/deep`), "none");
  assert.equal(await denoFiles.kind(`${path}/bom.txt/below`), "none");
  assert.equal(await denoFiles.readText(`${path}/bom.txt`), "img_name");
  await denoFiles.appendText(`${path}/log`, "a\n");
  await denoFiles.appendText(`${path}/log`, "b\n");
  assert.equal(await denoFiles.readText(`${path}/log`), "a\nb\n");
  await denoFiles.remove(`${path}/d`);
  await denoFiles.remove(`${path}/d`);
  assert.equal(await denoFiles.kind(`${path}/d`), "none");
});

Deno.test("paths are put together and taken apart", () => {
  assert.equal(join("a", "b"), "a/b");
  assert.equal(join("a/", "b"), "a/b");
  assert.equal(join("", "b"), "b");
  assert.equal(directoryName("a/b/c"), "a/b");
  assert.equal(directoryName("c"), ".");
  assert.equal(directoryName("/c"), "/");
  assert.equal(baseName("a/b/"), "b");
});
