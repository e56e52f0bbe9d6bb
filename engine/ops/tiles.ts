/** Tiles of products: which there are to choose from, and which a tuner has found the fastest. Arithmetic only. */

import type { Target } from "../graph.ts";
import { ceilDiv } from "../shape.ts";
import { laneTiles } from "./lanes.ts";

/** Rows and quads of columns that a thread computes. */
export interface Tile {
  readonly TM: number;
  readonly TN: number;
}

/** A product of `rows` rows by `columns` quads, each a sum over `inner` quads; NT has its weights transposed. */
export interface Product {
  readonly kind: "NN" | "NT";
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** Counts changes of kernels after which measured tiles are worth nothing. */
export const TILES_VERSION = 1;

/** What measured tiles are remembered by: the shape, its rows to the next power of two. */
export function tileClass({ kind, rows, inner, columns }: Product): string {
  return `${kind} ${2 ** Math.ceil(Math.log2(rows))}×${inner}×${columns}`;
}

/** Tiles for a product, the most promising first: what is chosen where nothing was measured. */
export function rankTiles({ rows, columns }: Product, target: Target): readonly Tile[] {
  return target.lanes > 1 ? laneTiles(rows, columns, target) : threadTiles(rows, columns, target);
}

/** The tile for a product: the measured one where it is among those there are, else the most promising. */
export function chooseTile(product: Product, target: Target): Tile {
  const tiles = rankTiles(product, target);
  const measured = target.tiles?.[tileClass(product)];
  return tiles.find(({ TM, TN }) => TM === measured?.[0] && TN === measured[1]) ?? tiles[0]!;
}

/** Tiles of threads that load for themselves alone: the largest that leave the device busy come first. */
function threadTiles(rows: number, columns: number, { threads, sums }: Target): Tile[] {
  const busy = ({ TM, TN }: Tile) => ceilDiv(rows, TM) * (columns / TN) >= threads;
  const tiles = [4, 3, 2, 1].filter((TN) => columns % TN === 0 && TN <= sums / 4)
    .flatMap((TN) => [8, 4, 2, 1].map((TM) => ({ TM: Math.min(TM, rows), TN })))
    .filter(({ TM, TN }) => TM * TN <= sums);
  const [widest] = tiles as [Tile];
  const best = tiles.find((t) => t.TN === widest.TN && t.TM > 1 && busy(t)) ??
    { TM: Math.min(2, rows), TN: widest.TN };
  const others = tiles.filter(({ TM, TN }) => TM !== best.TM || TN !== best.TN);
  return [best, ...others];
}
