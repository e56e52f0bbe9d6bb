/** Tests of loaders that meet bad files or bad options, and that nothing is left running. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { DataError } from "../../data/errors.ts";
import { Loader, type LoaderOptions } from "../../data/loader.ts";
import { CHECK, collect, FILES, samples, withLoader } from "./loading.ts";
import { pictures, temporaryFolder } from "./fixtures.ts";

Deno.test("the first bad file, in order, is named, whoever meets it", async () => {
  const bad = { "3.png": FILES["3.png"]!.subarray(0, 60), "5.png": new Uint8Array(5) };
  for (const workers of [1, 3]) {
    await withLoader(async (loader) => {
      await assert.rejects(collect(loader, CHECK), (error) => {
        assert.ok(error instanceof DataError);
        assert.match(
          error.message,
          /^Cannot read 3\.png: its PNG data ends early, a whole image was needed$/,
        );
        return true;
      });
      let checked = 0;
      const found = await loader.findBad({ size: 12, checked: () => checked++ });
      assert.deepEqual([checked, ...found.map(({ index }) => index)], [11, 3, 5]);
      assert.ok(found.every(({ index, reason }) => reason.includes(`Cannot read ${index}.png`)));
      // The loader still works: the first batch holds good files only.
      const { value } = await loader.batches({ ...CHECK, batch: 3 }).next();
      assert.deepEqual([...value!.indices], [0, 1, 2]);
    }, { workers, files: { ...FILES, ...bad } });
  }
});

Deno.test("a file that vanished, and one too thin to resize, are named", async () => {
  const thin = await pictures(["thin.png"], { width: 1, height: 30000 });
  await withLoader(async (loader) => {
    await assert.rejects(collect(loader, { ...CHECK, size: 224 }), (error) => {
      assert.ok(error instanceof DataError);
      assert.match(error.message, /thin\.png: 1 × 30000/);
      return true;
    });
  }, { files: thin, names: ["thin.png"] });
  await withLoader(async (loader, path) => {
    await Deno.remove(`${path}/0.jpg`);
    await assert.rejects(collect(loader, CHECK), (error) => {
      assert.ok(error instanceof DataError);
      assert.match(error.message, /^Cannot read 0\.jpg: /);
      return true;
    });
  });
});

Deno.test("an abandoned epoch and a closed loader leave nothing running", async () => {
  await withLoader(async (loader) => {
    for await (const batch of loader.batches(CHECK)) {
      assert.equal(batch.indices[0], 0);
      break;
    }
  });
  await withLoader(async (loader) => {
    const next = loader.batches({ ...CHECK, resize: 200 }).next();
    loader.close();
    await assert.rejects(next, /the loader is closed/);
    await assert.rejects(loader.batches(CHECK).next(), /the loader is closed/);
    loader.close();
  });
});

Deno.test("a program whose loader is closed ends, though an epoch was abandoned", async () => {
  await using folder = await temporaryFolder(FILES);
  const program = `
    import { denoFiles } from "./cli/files.ts";
    import { Loader } from "./data/loader.ts";
    const samples = ${JSON.stringify(samples(folder.path))};
    const loader = await Loader.open(samples, denoFiles, { workers: 2 });
    for await (const batch of loader.batches(${JSON.stringify({ ...CHECK, batch: 2 })})) break;
    loader.close();`;
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    cwd: new URL("../..", import.meta.url),
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.equal(code, 0);
});

Deno.test("batches() refuses sizes it cannot meet", async () => {
  await withLoader(async (loader) => {
    const refused: [Partial<LoaderOptions>, RegExp][] = [
      [{ batch: 0 }, /batches of 0/],
      [{ size: 1.5 }, /size 1\.5/],
      [{ resize: 11 }, /to 11.*12/],
      [{ batch: 12, train: true }, /batch of 12: there are 11 images/],
    ];
    for (const [options, text] of refused) {
      const next = loader.batches({ ...CHECK, ...options }).next();
      await assert.rejects(
        next,
        (error) => error instanceof RangeError && text.test(error.message),
      );
    }
  });
  await assert.rejects(Loader.open([], denoFiles, { workers: 0 }), RangeError);
});
