/** Weights of grouped convolutions as dense ones with zeros between the groups: any number of groups works. */

import collectShader from "../../shaders/collect_groups.wgsl" with { type: "text" };
import expandShader from "../../shaders/expand_groups.wgsl" with { type: "text" };
import { type Kernel, type Op, Tensor } from "../graph.ts";
import { channelQuads, quads, rows, size } from "../shape.ts";
import { flatGrid } from "./layout.ts";

interface GroupAttrs {
  readonly groups: number;
}

/** `w` [kh, kw, cin / groups, cout] → [kh, kw, cin, cout]. */
export function expandGroups(w: Tensor, groups: number): Tensor {
  const [kh, kw, inner, cout] = w.shape as readonly [number, number, number, number];
  return new Tensor(expandOp, [w], [kh, kw, inner * groups, cout], { groups }) as Tensor;
}

function consts(sparse: readonly number[], groups: number): Record<string, number> {
  const [inner, cout] = sparse.slice(2) as [number, number];
  return { CG: inner, OG: cout / groups, CIN: inner * groups, C4: channelQuads(sparse) };
}

/** Calls `visit` for each element of the sparse weight and its place in the dense one. */
function forEachConnection(
  sparse: readonly number[],
  groups: number,
  visit: (s: number, d: number) => void,
): void {
  const [inner, cout] = sparse.slice(2) as [number, number];
  for (let at = 0; at < size(sparse); at++) {
    const [tap, i, o] = [Math.floor(at / (inner * cout)), Math.floor(at / cout) % inner, at % cout];
    const group = Math.floor(o / (cout / groups));
    visit(at, (tap * inner * groups + group * inner + i) * cout + o);
  }
}

const expandOp: Op<GroupAttrs> = {
  name: "expandGroups",
  weights: true,
  grad: (dy, { attrs }, w) => [new Tensor(collectOp, [dy], w!.shape, attrs) as Tensor],
  kernel: (y): Kernel => ({
    shader: expandShader,
    consts: { ...consts(y.inputs[0]!.shape, y.attrs.groups), ROWS: rows(y.shape) },
    grid: flatGrid(quads(y.shape)),
  }),
  reference(y, w) {
    const out = new Float64Array(y.size);
    forEachConnection(y.inputs[0]!.shape, y.attrs.groups, (s, d) => out[d] = w![s]!);
    return out;
  },
};

const collectOp: Op<GroupAttrs> = {
  name: "collectGroups",
  weights: true,
  kernel: (dw): Kernel => ({
    shader: collectShader,
    consts: { ...consts(dw.shape, dw.attrs.groups), C: dw.shape[3]!, ROWS: rows(dw.shape) },
    grid: flatGrid(quads(dw.shape)),
  }),
  reference(dw, dy) {
    const out = new Float64Array(dw.size);
    forEachConnection(dw.shape, dw.attrs.groups, (s, d) => out[s] = dy![d]!);
    return out;
  },
};
