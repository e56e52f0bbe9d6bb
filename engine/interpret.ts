/** The interpreter: a graph computed by the float64 references of its ops. Slow; the oracle of all tests. */

import { type Tensor, topological } from "./graph.ts";

/** The numbers of `outputs`, row-major, given those of the inputs. Throws TypeError where one is missing. */
export function interpret(
  outputs: readonly Tensor[],
  feeds: ReadonlyMap<Tensor, Float64Array>,
): Float64Array[] {
  const values = new Map(feeds);
  for (const t of topological(outputs, (t) => values.has(t) ? [] : t.operands)) {
    if (values.has(t)) continue;
    const operands = t.operands.map((x) => values.get(x)!);
    values.set(t, t.op.reference(t, ...operands));
  }
  return outputs.map((t) => values.get(t)!);
}
