/** Reverse-mode differentiation: a graph in, a graph out. No numbers. */

import { type Tensor, topological } from "./graph.ts";
import { add, full } from "./ops/pointwise.ts";
import { sumTo } from "./ops/sum.ts";
import { sameShape } from "./shape.ts";

/**
 * The gradients of the scalar `loss` with respect to each of `wrt`, in that order; zeros where the
 * loss does not depend on one. Throws RangeError when `loss` has more than one element.
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.size !== 1) {
    throw new RangeError(`Cannot differentiate [${loss.shape}]: a scalar loss was needed`);
  }
  const order = topological([loss]);
  const wanted = new Set(wrt);
  const leads = new Set<Tensor>(); // tensors through which a wanted one reaches the loss
  for (const t of order) {
    if (wanted.has(t) || t.inputs.some((x) => leads.has(x))) leads.add(t);
  }
  const grads = new Map<Tensor, Tensor>([[loss, full(1, loss.shape)]]);
  for (const y of order.reverse()) {
    const dy = grads.get(y);
    if (!dy || !y.op.grad || !y.inputs.some((x) => leads.has(x))) continue;
    y.op.grad(dy, y, ...y.inputs).forEach((gradient, i) => {
      const x = y.inputs[i]!;
      if (!gradient || !leads.has(x)) return;
      // An input that was stretched collects the gradient of all its copies.
      const dx = sameShape(gradient.shape, x.shape) ? gradient : sumTo(gradient, x.shape);
      const sum = grads.get(x);
      grads.set(x, sum ? add(sum, dx) : dx);
    });
  }
  return wrt.map((x) => grads.get(x) ?? full(0, x.shape));
}
