/** Pointwise terms of losses, with slopes that stay exact where the terms are small. */

import { type Op, Tensor } from "../graph.ts";
import { literal, mapElements, mul, sigmoid } from "./pointwise.ts";

const softplusOp: Op = {
  name: "softplus",
  pointwise: (_, [x]) => `max(${x}, vec4f()) + log(1.0 + exp(-abs(${x})))`,
  grad: (dy, _, x) => [mul(dy, sigmoid(x!))],
  reference: (y, x) =>
    mapElements(y, [x!], (x) => Math.max(x!, 0) + Math.log1p(Math.exp(-Math.abs(x!)))),
};

/** `ln(1 + eˣ)`, the cost of a logit x where 0 is right. */
export function softplus(x: Tensor): Tensor {
  return new Tensor(softplusOp, [x], x.shape, {});
}

interface FocalAttrs {
  readonly gamma: number;
}

const focalOp: Op<FocalAttrs> = {
  name: "focal",
  pointwise: ({ attrs }, [q]) => `focal(${q}, focal_gap(${q}), ${literal(attrs.gamma)})`,
  grad: (dy, { attrs }, q) => [mul(dy, new Tensor(focalSlopeOp, [q!], q!.shape, attrs))],
  reference: (y, q) => mapElements(y, [q!], (q) => (-Math.expm1(-q!)) ** y.attrs.gamma * q!),
};

const focalSlopeOp: Op<FocalAttrs> = {
  name: "focalSlope",
  pointwise: ({ attrs }, [q]) => `focal_slope(${q}, focal_gap(${q}), ${literal(attrs.gamma)})`,
  reference(y, q) {
    const { gamma } = y.attrs;
    return mapElements(y, [q!], (q) => {
      const gap = -Math.expm1(-q!);
      return gap === 0 ? 0 : gap ** gamma * (1 + gamma * q! * (1 - gap) / gap);
    });
  },
};

/** `(1 − p)^γ · q`, q = −ln p from 0 on being the cost of a class of probability p; γ above 0. */
export function focal(q: Tensor, gamma: number): Tensor {
  return new Tensor(focalOp, [q], q.shape, { gamma }) as Tensor;
}
