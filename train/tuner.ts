/** The tuner: times the tiles there are for a product on a device. Remembers nothing; the command line does. */

import { compile } from "../engine/compile/mod.ts";
import { targetOf } from "../engine/compile/program.ts";
import { input, type Tensor, type Tiles, topological } from "../engine/graph.ts";
import { channelQuads, rows } from "../engine/shape.ts";
import { matmul, matmulNT } from "../engine/ops/matmul.ts";
import { type Product, rankTiles, type Tile, tileClass } from "../engine/ops/tiles.ts";
import type { Device } from "../engine/gpu/device.ts";
import { Memory } from "../engine/gpu/memory.ts";
import { Runner } from "../engine/gpu/runner.ts";

/** Tiles that are timed for a product, the first of which is chosen where nothing is measured. */
export const MOST_CANDIDATES = 8;

/** Times each is run; the least counts. */
const ROUNDS = 5;

/** How much faster than the untuned a tile has to be, else what was measured is noise. */
const MARGIN = 0.05;

/** How far results may be from those of the first tile, relative to their size: the order of sums is the same. */
const TOLERANCE = 1e-6;

/** What was found for a class of products. Milliseconds are the least of some runs. */
export interface Tuned {
  readonly class: string;
  readonly best: Tile;
  readonly ms: number;
  /** Of the tile that is chosen where nothing is measured. */
  readonly untuned: Tile;
  readonly untunedMs: number;
  readonly candidates: number;
  /** Those whose results were wrong. */
  readonly refused: readonly Tile[];
}

/**
 * Times the tiles for `product` on `device`, taking turns. A tile whose results differ from those of the
 * simplest kernel, a row and a quad in each thread, cannot win. Throws TypeError where the device has no
 * timestamps.
 */
export async function tune(device: Device, product: Product): Promise<Tuned> {
  const { tiles: _, ...limits } = device.limits;
  const ranked = rankTiles(product, targetOf(limits));
  const simplest = ranked.find(({ TM, TN }) => TM * TN === 1)!;
  const memory = new Memory(device);
  const opened: Contestant[] = [];
  try {
    for (const tile of [...ranked.slice(0, MOST_CANDIDATES), simplest]) {
      opened.push(await enter(memory, product, tile));
    }
    for (let i = 0; i <= ROUNDS; i++) {
      for (const contestant of opened) {
        const [span] = await contestant.runner.profile();
        if (i > 0) contestant.ms = Math.min(contestant.ms, span!.duration / 1e6); // the first compiles
      }
    }
    const read = ({ runner, y }: Contestant) => runner.read(y);
    const candidates = opened.slice(0, -1);
    const expected = await read(opened.at(-1)!);
    const refused: Tile[] = [];
    const untuned = candidates[0]!;
    let best: Contestant | undefined;
    for (const contestant of candidates) {
      const enough = !best || contestant.ms < best.ms && contestant.ms < untuned.ms * (1 - MARGIN);
      if (!agree(await read(contestant), expected)) refused.push(contestant.tile);
      else if (enough) best = contestant;
    }
    if (!best) {
      throw new Error(`Cannot tune ${tileClass(product)}: the results of all tiles differ`);
    }
    return {
      class: tileClass(product),
      best: best.tile,
      ms: best.ms,
      untuned: untuned.tile,
      untunedMs: untuned.ms,
      candidates: candidates.length,
      refused,
    };
  } finally {
    opened.forEach(({ runner }) => runner.destroy());
    memory.destroy();
  }
}

/** A tile that is timed: its program, ready to run, and the least time so far. */
interface Contestant {
  readonly tile: Tile;
  readonly runner: Runner;
  readonly y: Tensor;
  ms: number;
}

/** Readies the program of `product` with `tile`. */
async function enter(memory: Memory, product: Product, tile: Tile): Promise<Contestant> {
  const tiles: Tiles = { [tileClass(product)]: [tile.TM, tile.TN] };
  const { kind, inner, columns } = product;
  const x = input("x", [product.rows, 4 * inner]);
  const w = input("w", kind === "NN" ? [4 * inner, 4 * columns] : [4 * columns, 4 * inner]);
  const y = kind === "NN" ? matmul(x, w) : matmulNT(x, w);
  for (const t of [x, w]) {
    memory.write(t, Float32Array.from({ length: t.size }, (_, i) => Math.sin(i + t.shape[1]!)));
  }
  const program = compile({ outputs: [y] }, { ...memory.device.limits, tiles, share: false });
  return { tile, y, runner: await Runner.create(program, memory), ms: Infinity };
}

/** Whether `result` is `expected` but for rounding. */
export function agree(result: Float32Array, expected: Float32Array): boolean {
  let [error, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    error += (result[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return error <= TOLERANCE ** 2 * size;
}

/** The classes of products among what `roots` are computed from, one of each, the most arithmetic first. */
export function productsOf(roots: readonly Tensor[]): Product[] {
  const classes = new Map<string, { readonly product: Product; macs: number }>();
  for (const t of topological(roots, (t) => t.operands)) {
    const kind = t.op.name === "matmul" ? "NN" : t.op.name === "matmulNT" ? "NT" : undefined;
    if (!kind) continue;
    const columns = channelQuads(t.shape);
    const product = {
      kind,
      rows: rows(t.shape),
      inner: channelQuads(t.operands[0]!.shape),
      columns,
    } as const;
    const known = classes.get(tileClass(product)) ?? { product, macs: 0 };
    known.macs += product.rows * product.inner * columns;
    classes.set(tileClass(product), known);
  }
  return [...classes.values()].sort((a, b) => b.macs - a.macs).map(({ product }) => product);
}
