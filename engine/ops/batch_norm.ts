/** Batch normalisation: statistics, the affine map they amount to, and its gradient, over all but the last axis. */

import backShader from "../../shaders/norm_back.wgsl" with { type: "text" };
import coefficientsShader from "../../shaders/norm_coefficients.wgsl" with { type: "text" };
import mergeShader from "../../shaders/moments_merge.wgsl" with { type: "text" };
import momentsShader from "../../shaders/moments.wgsl" with { type: "text" };
import sumsShader from "../../shaders/norm_sums.wgsl" with { type: "text" };
import { type Op, Tensor } from "../graph.ts";
import { ceilDiv, channelQuads, channels, rows } from "../shape.ts";
import { reshape, row } from "./layout.ts";
import { add, mapElements, mul } from "./pointwise.ts";
import { stripCount, sumTo } from "./sum.ts";

/** Strips of rows: how long one is, and how many there are. */
function strips(x: Tensor): { strip: number; parts: number } {
  const count = rows(x.shape);
  const strip = ceilDiv(count, stripCount(count, channelQuads(x.shape)));
  return { strip, parts: ceilDiv(count, strip) };
}

const partialMomentsOp: Op<{ strip: number }> = {
  name: "moments",
  kernel: (y) => ({
    shader: momentsShader,
    consts: {
      COUNT: rows(y.inputs[0]!.shape),
      STRIP: y.attrs.strip,
      C4: channelQuads(y.shape),
      THREADS: y.shape[0]! * channelQuads(y.shape),
    },
    grid: [ceilDiv(y.shape[0]! * channelQuads(y.shape), 64), 1, 1],
  }),
  reference(y, x) {
    const c = channels(y.shape);
    const { strip } = y.attrs;
    const out: number[] = [];
    for (let p = 0; p < y.shape[0]!; p++) {
      const [mean, variance] = momentsOf(x!.subarray(p * strip * c, (p + 1) * strip * c), c);
      out.push(...mean, ...variance);
    }
    return Float64Array.from(out);
  },
};

/** Mean and biased variance of each of `c` channels. */
function momentsOf(x: Float64Array, c: number): [Float64Array, Float64Array] {
  const n = x.length / c;
  const mean = new Float64Array(c);
  const variance = new Float64Array(c);
  x.forEach((v, i) => mean[i % c]! += v / n);
  x.forEach((v, i) => variance[i % c]! += (v - mean[i % c]!) ** 2 / n);
  return [mean, variance];
}

const momentsOp: Op<{ strip: number; count: number }> = {
  name: "mergeMoments",
  kernel: (y) => ({
    shader: mergeShader,
    consts: {
      COUNT: y.attrs.count,
      STRIP: y.attrs.strip,
      PARTS: y.inputs[0]!.shape[0]!,
      C4: channelQuads(y.shape),
    },
    grid: [ceilDiv(channelQuads(y.shape), 64), 1, 1],
  }),
  reference({ attrs: { strip, count }, shape }, x) {
    const c = shape[1]!;
    const mean = new Float64Array(c);
    const squares = new Float64Array(c);
    for (let p = 0; p * strip < count; p++) {
      const n = Math.min(strip, count - p * strip);
      for (let k = 0; k < c; k++) {
        const delta = x![2 * p * c + k]! - mean[k]!;
        const share = n / (p * strip + n);
        mean[k]! += delta * share;
        squares[k]! += x![(2 * p + 1) * c + k]! * n + delta * delta * p * strip * share;
      }
    }
    return Float64Array.from([...mean, ...squares.map((v) => v / count)]);
  },
};

/** Mean and biased variance of each channel of `x` [..., c] → [2, c]. Their gradient belongs to `batchNorm`. */
export function moments(x: Tensor): Tensor {
  const { strip, parts } = strips(x);
  const c = channels(x.shape);
  const partial = new Tensor(partialMomentsOp, [x], [parts, 2, c], { strip }) as Tensor;
  if (parts === 1) return reshape(partial, [2, c]);
  return new Tensor(momentsOp, [partial], [2, c], { strip, count: rows(x.shape) }) as Tensor;
}

/** ε as a whole number of billionths, as kernels take it. */
function billionths(epsilon: number): number {
  return Math.round(epsilon * 1e9);
}

/** Consts and grid of a kernel with a thread for each quad of channels. */
function perChannel(y: Tensor, epsilon: number, more: Record<string, number> = {}) {
  const C4 = channelQuads(y.shape);
  return {
    consts: { C4, EPSILON_E9: billionths(epsilon), ...more },
    grid: [ceilDiv(C4, 64), 1, 1] as const,
  };
}

const coefficientsOp: Op<{ epsilon: number }> = {
  name: "normCoefficients",
  kernel: (y) => ({ shader: coefficientsShader, ...perChannel(y, y.attrs.epsilon) }),
  reference({ attrs: { epsilon }, shape }, m, a) {
    const c = shape[1]!;
    const scale = a!.slice(0, c).map((w, k) => w / Math.sqrt(m![c + k]! + epsilon));
    return Float64Array.from([...scale, ...scale.map((s, k) => a![c + k]! - m![k]! * s)]);
  },
};

interface NormAttrs {
  readonly epsilon: number;
  /** Whether the moments are those of `x`, so that its gradient flows through them. */
  readonly training: boolean;
}

const batchNormOp: Op<NormAttrs> = {
  name: "batchNorm",
  reads: 3,
  pointwise: (_, [x, scale, shift]) => `fma(${x}, ${scale}, ${shift})`,
  grad(dy, { attrs }, x, scale, _, statistics, affine) {
    const { epsilon, training } = attrs;
    const sums = normSums(dy, x!, statistics!, epsilon);
    if (!training) return [mul(dy, scale!), null, null, null, sums];
    const back = new Tensor(backOp, [sums, statistics!, affine!], [3, channels(x!.shape)], {
      epsilon,
      count: rows(x!.shape),
    }) as Tensor;
    const dx = add(add(mul(dy, row(back, 0)), mul(x!, row(back, 1))), row(back, 2));
    return [dx, null, null, null, sums];
  },
  reference: (y, ...inputs) => mapElements(y, inputs, (x, scale, shift) => x! * scale! + shift!),
};

const sumsOp: Op<{ epsilon: number; strip: number }> = {
  name: "normSums",
  kernel: (y) => ({
    shader: sumsShader,
    consts: {
      COUNT: rows(y.inputs[0]!.shape),
      STRIP: y.attrs.strip,
      C4: channelQuads(y.shape),
      THREADS: y.shape[0]! * channelQuads(y.shape),
      EPSILON_E9: billionths(y.attrs.epsilon),
    },
    grid: [ceilDiv(y.shape[0]! * channelQuads(y.shape), 64), 1, 1],
  }),
  reference({ attrs: { epsilon, strip }, shape, size }, dy, x, m) {
    const c = shape[2]!;
    const out = new Float64Array(size);
    dy!.forEach((d, i) => {
      const k = i % c;
      const at = Math.floor(i / c / strip) * 2 * c + k;
      out[at]! += d * (x![i]! - m![k]!) / Math.sqrt(m![c + k]! + epsilon);
      out[at + c]! += d;
    });
    return out;
  },
};

/** [Σ dy · x̂, Σ dy] of each channel: the gradient of the affine map [2, c]. */
function normSums(dy: Tensor, x: Tensor, statistics: Tensor, epsilon: number): Tensor {
  const { strip, parts } = strips(x);
  const shape = [parts, 2, channels(x.shape)];
  const partial = new Tensor(sumsOp, [dy, x, statistics], shape, { epsilon, strip });
  return sumTo(partial as Tensor, shape.slice(1));
}

const backOp: Op<{ epsilon: number; count: number }> = {
  name: "normBack",
  kernel: (y) => ({
    shader: backShader,
    ...perChannel(y, y.attrs.epsilon, { COUNT: y.attrs.count }),
  }),
  reference({ attrs: { epsilon, count }, shape }, s, m, a) {
    const c = shape[1]!;
    const out = new Float64Array(3 * c);
    for (let k = 0; k < c; k++) {
      const inverse = 1 / Math.sqrt(m![c + k]! + epsilon);
      const slope = s![k]! * inverse / count;
      out[k] = a![k]! * inverse;
      out[c + k] = -out[k]! * slope;
      out[2 * c + k] = out[k]! * (m![k]! * slope - s![c + k]! / count);
    }
    return out;
  },
};

/** Options of `batchNorm`. */
export interface BatchNormOptions {
  /** Added to the variance, 1e-9 to 1, to a billionth. Default 1e-5. */
  readonly epsilon?: number;
  /** Whether `statistics` are those of `x` itself, not running ones. Default true. */
  readonly training?: boolean;
}

/**
 * `(x − mean) / √(variance + ε) · weight + bias` of each channel of `x` [..., c]. `statistics` [2, c]
 * are mean and biased variance: `moments(x)`, or running ones. `affine` [2, c] is weight and bias.
 * Ioffe and Szegedy 2015; semantics of `torch.nn.functional.batch_norm`.
 */
export function batchNorm(
  x: Tensor,
  statistics: Tensor,
  affine: Tensor,
  options: BatchNormOptions = {},
): Tensor {
  const { epsilon = 1e-5, training = true } = options;
  const c = channels(x.shape);
  for (const t of [statistics, affine]) {
    if (t.shape.join() !== `2,${c}`) {
      throw new RangeError(`Cannot normalise [${x.shape}] with [${t.shape}]: [2,${c}] was needed`);
    }
  }
  if (!(epsilon >= 1e-9 && epsilon <= 1)) {
    throw new RangeError(`Cannot normalise with ε = ${epsilon}: 1e-9 to 1 was needed`);
  }
  const coefficients = new Tensor(coefficientsOp, [statistics, affine], [2, c], {
    epsilon,
  }) as Tensor;
  const [scale, shift] = [row(coefficients, 0), row(coefficients, 1)];
  return new Tensor(batchNormOp, [x, scale, shift, statistics, affine], x.shape, {
    epsilon,
    training,
  }) as Tensor;
}
