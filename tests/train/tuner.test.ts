/** The tuner: what it tries, what it refuses, and what comes of its file. */

import assert from "node:assert/strict";
import { measuredTiles, readTiles, writeTiles } from "../../cli/tiles.ts";
import { compile } from "../../engine/compile/mod.ts";
import { input, type Target } from "../../engine/graph.ts";
import { matmul } from "../../engine/ops/matmul.ts";
import { chooseTile, type Product, rankTiles, tileClass } from "../../engine/ops/tiles.ts";
import { agree, MOST_CANDIDATES, productsOf, tune } from "../../train/tuner.ts";
import { deviceTest } from "../device.ts";

const product: Product = { kind: "NN", rows: 40, inner: 3, columns: 4 };
const targets: Target[] = [
  { threads: 96, lanes: 8, sums: 32 },
  { threads: 1024, lanes: 1, sums: 8 },
];

Deno.test("a measured tile is chosen for its class, and no tile that there is not", () => {
  for (const target of targets) {
    const ranked = rankTiles(product, target);
    assert.deepEqual(chooseTile(product, target), ranked[0]);
    const last = ranked.at(-1)!;
    const tiles = { [tileClass(product)]: [last.TM, last.TN] as const };
    assert.deepEqual(chooseTile(product, { ...target, tiles }), last);
    assert.deepEqual(chooseTile({ ...product, inner: 4 }, { ...target, tiles }), ranked[0]);
    const wrong = { [tileClass(product)]: [5, 3] as const };
    assert.deepEqual(chooseTile(product, { ...target, tiles: wrong }), ranked[0]);
  }
  assert.equal(tileClass(product), "NN 64×3×4");
  const unique = new Set(rankTiles(product, targets[1]!).map(({ TM, TN }) => `${TM}×${TN}`));
  assert.equal(unique.size, rankTiles(product, targets[1]!).length);
});

Deno.test("results that differ by more than rounding do not agree", () => {
  const expected = Float32Array.of(1, -2, 3);
  assert.ok(agree(Float32Array.of(1, -2, 3 + 1e-6), expected));
  assert.ok(!agree(Float32Array.of(1, -2, 3.001), expected));
  assert.ok(!agree(Float32Array.of(NaN, -2, 3), expected));
});

Deno.test("productsOf() lists each class once, the most arithmetic first", () => {
  const x = input("x", [8, 8]);
  const [w, v] = [input("w", [8, 8]), input("v", [8, 64])];
  const y = matmul(matmul(matmul(x, w), w), v);
  assert.deepEqual(productsOf([y]).map(tileClass), ["NN 8×2×16", "NN 8×2×2"]);
});

deviceTest("tune() times a few tiles and finds one that computes the same", async (device) => {
  const tuned = await tune(device, product);
  assert.ok(tuned.candidates > 1 && tuned.candidates <= MOST_CANDIDATES);
  assert.deepEqual(tuned.refused, []);
  assert.ok(tuned.ms <= tuned.untunedMs);
  const tiles = { [tuned.class]: [tuned.best.TM, tuned.best.TN] as const };
  const [x, w] = [input("x", [40, 12]), input("w", [12, 16])];
  const { dispatches } = compile({ outputs: [matmul(x, w)] }, { ...device.limits, tiles });
  assert.match(dispatches[0]!.wgsl, new RegExp(`const TN = ${tuned.best.TN}u`));
});

Deno.test("tiles are remembered by adapter, before those that ship, for one version of the kernels", async () => {
  const path = `${await Deno.makeTempDir()}/tiles.json`;
  assert.deepEqual(await readTiles(path), {});
  await writeTiles(path, "one", { a: [8, 4], b: [4, 4] });
  await writeTiles(path, "one", { b: [2, 1] });
  await writeTiles(path, "two", { a: [1, 1] });
  const expected = { one: { a: [8, 4], b: [2, 1] }, two: { a: [1, 1] } };
  assert.deepEqual(await readTiles(path), expected);
  const all = await measuredTiles(path);
  assert.deepEqual([all.one, all.two], [expected.one, expected.two]);
  const old = { ...JSON.parse(await Deno.readTextFile(path)), version: 0 };
  await Deno.writeTextFile(path, JSON.stringify(old));
  assert.deepEqual(await readTiles(path), {});
});
