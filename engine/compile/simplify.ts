/** Simplification: equal nodes become one, products with 1 and sums with 0 vanish. Graph → graph. */

import { constantValues, inCreationOrder, isInput, Tensor, topological } from "../graph.ts";
import { fullValue } from "../ops/pointwise.ts";
import { sameShape } from "../shape.ts";

/** For every tensor below `roots` the one that stands for it afterwards; their order of creation stays. */
export function simplify(roots: readonly Tensor[]): Map<Tensor, Tensor> {
  const result = new Map<Tensor, Tensor>();
  const known = new Map<string, Tensor>();
  const attrs = new Map<unknown, string>();
  const describe = (value: unknown) => {
    let text = attrs.get(value);
    if (text === undefined) attrs.set(value, text = JSON.stringify(value));
    return text;
  };
  const opIds = new Map<unknown, number>();
  for (const t of inCreationOrder(topological(roots, (t) => t.operands))) {
    if (isInput(t)) {
      result.set(t, t);
      continue;
    }
    const operands = t.operands.map((x) => result.get(x)!);
    const same = identity(t, operands);
    if (same) {
      result.set(t, same);
      continue;
    }
    if (!opIds.has(t.op)) opIds.set(t.op, opIds.size);
    const constant = constantValues(t);
    const key = `${opIds.get(t.op)}|${operands.map((x) => x.id)}|${t.shape}|${
      constant ? constant.join() : describe(t.attrs)
    }`;
    let merged = known.get(key);
    if (!merged) {
      merged = operands.every((x, i) => x === t.inputs[i]) && operands.length === t.inputs.length
        ? t
        : new Tensor(t.op, operands, t.shape, t.attrs);
      merged.label = t.label;
      known.set(key, merged);
    }
    merged.label ||= t.label;
    result.set(t, merged);
  }
  return result;
}

/** The operand that `t` equals: the other factor of a product with 1, the other term of a sum with 0. */
function identity(t: Tensor, operands: readonly Tensor[]): Tensor | undefined {
  const neutral = t.op.name === "mul" ? 1 : t.op.name === "add" ? 0 : undefined;
  if (neutral === undefined) return undefined;
  const [a, b] = operands as [Tensor, Tensor];
  if (fullValue(a) === neutral && sameShape(b.shape, t.shape)) return b;
  if (fullValue(b) === neutral && sameShape(a.shape, t.shape)) return a;
  return undefined;
}
