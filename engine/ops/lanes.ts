/** How threads lie in workgroups, and tiles where lanes hand each other what they load. No op. */

import { ceilDiv } from "../shape.ts";

// What a vector of four costs all lanes together, relative to its load; measured on lavapipe.
const MULTIPLY_ADD = 0.045;
const BROADCAST = 0.04;

/** Most vectors of results of a thread: more gain a few percent and double what there is to compile. */
const MOST_RESULTS = 32;

/**
 * Rows and quads of columns that a thread may compute of a product of `rows` × `columns` quads, by what
 * they should cost.
 */
export function laneTiles(
  rows: number,
  columns: number,
  { threads, lanes }: { readonly threads: number; readonly lanes: number },
): { readonly TM: number; readonly TN: number }[] {
  const costOf = (TM: number, TN: number) => {
    // One step along the inner axis: TM quads of each lane's rows, 4·TN quads for all of them.
    const loads = TM + ceilDiv(4 * TN, lanes);
    const step = loads + 4 * TN * (BROADCAST + TM * MULTIPLY_ADD);
    const tiles = ceilDiv(rows, TM * lanes) * (columns / TN);
    return step * Math.max(tiles, threads / lanes);
  };
  return [8, 7, 6, 5, 4, 3, 2, 1].filter((TN) => columns % TN === 0)
    .flatMap((TN) => [8, 6, 4, 3, 2, 1].map((TM) => ({ TM, TN, cost: costOf(TM, TN) })))
    .filter(({ TM, TN }) => TM * TN <= MOST_RESULTS)
    .sort((a, b) => a.cost - b.cost)
    .map(({ TM, TN }) => ({ TM, TN }));
}

/** Most vectors of four that a thread adds up at once. */
const MOST_SUMS = 64;

/** Rows up to which a product over rows costs less than the compilation of a large tile. */
const FEW_ROWS = 16;

/**
 * Quads of rows and of columns that a thread computes of a product over `rows` rows, K4 × COLS quads × 4, and
 * which operand the lanes share: X lies along the rows of the result, D along its columns.
 */
export function laneSplitTile(rows: number, K4: number, COLS: number, lanes: number) {
  if (rows <= FEW_ROWS) {
    const [XLANES, DLANES] = COLS >= K4 ? [lanes, 1] : [1, lanes];
    return { TK: 2, TN: 2, XLANES, DLANES, UNROLL: 1 };
  }
  let best = { TK: 1, TN: 1, XLANES: 1, DLANES: 1, UNROLL: 2 };
  let least = Infinity;
  for (const [XLANES, DLANES] of [[lanes, 1], [1, lanes]] as const) {
    for (let TK = 1; TK <= 8; TK++) {
      for (let TN = 1; TN <= 8 && 4 * TK * TN <= MOST_SUMS; TN++) {
        const loads = ceilDiv(TK, XLANES) + ceilDiv(TN, DLANES);
        const shared = XLANES > 1 ? TK : TN;
        const step = loads + shared * BROADCAST + 4 * TK * TN * MULTIPLY_ADD;
        const [across, down] = [ceilDiv(COLS, TN), ceilDiv(K4, TK)];
        const tiles = XLANES > 1 ? ceilDiv(across, lanes) * down : ceilDiv(down, lanes) * across;
        const cost = step * tiles;
        if (cost < least) [least, best] = [cost, { TK, TN, XLANES, DLANES, UNROLL: 2 }];
      }
    }
  }
  return best;
}

/** Width of a workgroup of 64 that has `n` tiles side by side. */
export function workgroupWidth(n: number): number {
  return [8, 4, 2].find((w) => n >= w) ?? 1;
}

/** Threads of a workgroup along columns of tiles and along their rows. */
export interface Group {
  readonly across: number;
  readonly down: number;
}

/** A workgroup for `columns` tiles side by side: 64 threads, or lanes that share, which are below each other. */
export function groupOf(columns: number, lanes: number): Group {
  if (lanes > 1) return { across: 1, down: lanes };
  const across = workgroupWidth(columns);
  return { across, down: 64 / across };
}

/**
 * Workgroups over `columns` × `rows` tiles. Lanes lie along x: where they share, axis M of the ids, which
 * counts rows, is x; elsewhere it is y.
 */
export function layOut({ across, down }: Group, columns: number, rows: number, lanes: number) {
  const grid = [ceilDiv(columns, across), ceilDiv(rows, down)] as const;
  return lanes > 1
    ? { axes: { WX: down, WY: across, M: 0, LANES: lanes }, grid: [grid[1], grid[0]] as const }
    : { axes: { WX: across, WY: down, M: 1, LANES: 1 }, grid };
}

/** `shader` with its calls of `name` made calls of the device where there is more than one lane. */
export function sharing(shader: string, lanes: number, name: string): string {
  const own = new RegExp(`(?<!fn )\\b${name}\\(`, "g");
  return shader.replaceAll(own, lanes > 1 ? "subgroupBroadcast(" : "share(");
}
