/** Batch normalisation: statistics, the affine map they amount to, and its gradient, over all but the last axis. */

import momentsShader from "../../shaders/moments.wgsl" with { type: "text" };
import productsShader from "../../shaders/products.wgsl" with { type: "text" };
import { type Op, Tensor } from "../graph.ts";
import { channels, rows } from "../shape.ts";
import { sumAcross } from "./across.ts";
import { row } from "./layout.ts";
import { add, literal, mapElements, mul, sub } from "./pointwise.ts";

const momentsOp: Op = {
  name: "moments",
  reduction: () => ({ shader: momentsShader, state: 3, runs: 1 }),
  batch: {
    of: 1,
    remake: (_, [x]) => moments(x!),
    join: (y, parts, images) => {
      const all = images.reduce((a, b) => a + b, 0);
      const shares = images.map((n) => n / all);
      return new Tensor(jointMomentsOp, parts, y.shape, { shares }) as Tensor;
    },
  },
  reference({ shape }, x) {
    const c = channels(shape);
    const n = x!.length / c;
    const out = new Float64Array(2 * c);
    x!.forEach((v, i) => out[i % c]! += v / n);
    x!.forEach((v, i) => out[c + i % c]! += (v - out[i % c]!) ** 2 / n);
    return out;
  },
};

/** Mean and biased variance of each channel of `x` [..., c] → [2, c]. Their gradient belongs to `batchNorm`. */
export function moments(x: Tensor): Tensor {
  return new Tensor(momentsOp, [x], [2, channels(x.shape)], {});
}

/** Mean and variance of rows from those of parts of them: Σ s · mean and Σ s · (variance + (mean − all)²). */
const jointMomentsOp: Op<{ readonly shares: readonly number[] }> = {
  name: "jointMoments",
  columns({ attrs: { shares } }, parts) {
    const total = (terms: readonly string[]) => terms.reduce((a, b) => `(${a} + ${b})`);
    const mean = total(shares.map((s, i) => `${literal(s)} * ${parts[i]!(0)}`));
    const spread = (m: string) => `(${m} - ${mean}) * (${m} - ${mean})`;
    const variance = shares.map((s, i) =>
      `${literal(s)} * (${parts[i]!(1)} + ${spread(parts[i]!(0))})`
    );
    return [mean, total(variance)];
  },
  reference({ shape, attrs: { shares }, size }, ...parts) {
    const c = channels(shape);
    const out = new Float64Array(size);
    for (let k = 0; k < c; k++) {
      parts.forEach((m, i) => out[k]! += shares[i]! * m[k]!);
      parts.forEach((m, i) => out[c + k]! += shares[i]! * (m[c + k]! + (m[k]! - out[k]!) ** 2));
    }
    return out;
  },
};

/** WGSL for 1 / σ of a channel, from the value of its variance. */
function inverseDeviation(variance: string, epsilon: number): string {
  return `1.0 / sqrt(${variance} + ${literal(epsilon)})`;
}

const coefficientsOp: Op<{ epsilon: number }> = {
  name: "normCoefficients",
  columns({ attrs: { epsilon } }, [m, a]) {
    const scale = `${a!(0)} * (${inverseDeviation(m!(1), epsilon)})`;
    return [scale, `${a!(1)} - ${m!(0)} * ${scale}`];
  },
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
  /** How many have rows of which these are the moments. */
  readonly ranks: number;
}

const batchNormOp: Op<NormAttrs> = {
  name: "batchNorm",
  reads: 3,
  pointwise: (_, [x, scale, shift]) => `fma(${x}, ${scale}, ${shift})`,
  grad(dy, { attrs }, x, scale, _, statistics, affine) {
    const { epsilon, training, ranks } = attrs;
    const shape = affine!.shape;
    const centred = sub(x!, row(statistics!, 0));
    const sums = new Tensor(sumsOp, [dy, centred], shape, {}) as Tensor;
    const gradient = new Tensor(affineGradientOp, [sums, statistics!], shape, { epsilon });
    if (!training) return [mul(dy, scale!), null, null, null, gradient as Tensor];
    const all = ranks > 1 ? sumAcross(sums) : sums;
    const back = new Tensor(backOp, [all, statistics!, affine!], [3, channels(x!.shape)], {
      epsilon,
      count: rows(x!.shape) * ranks,
    }) as Tensor;
    const dx = add(add(mul(dy, row(back, 0)), mul(x!, row(back, 1))), row(back, 2));
    return [dx, null, null, null, gradient as Tensor];
  },
  reference: (y, ...inputs) => mapElements(y, inputs, (x, scale, shift) => x! * scale! + shift!),
};

/** [Σ dy · (x − mean), Σ dy] of each channel. */
const sumsOp: Op = {
  name: "normSums",
  reduction: () => ({ shader: productsShader, state: 2, runs: 1 }),
  batch: {
    of: 2,
    remake: (y, operands) => new Tensor(sumsOp, operands, y.shape, {}),
    join: (_, parts) => parts.reduce(add),
  },
  reference({ shape, size }, dy, centred) {
    const c = channels(shape);
    const out = new Float64Array(size);
    dy!.forEach((d, i) => {
      out[i % c]! += d * centred![i]!;
      out[c + i % c]! += d;
    });
    return out;
  },
};

/** [Σ dy · x̂, Σ dy]: the gradient of weight and bias. */
const affineGradientOp: Op<{ epsilon: number }> = {
  name: "normAffineGradient",
  columns: (
    { attrs },
    [s, m],
  ) => [`${s!(0)} * (${inverseDeviation(m!(1), attrs.epsilon)})`, s!(1)],
  reference({ attrs: { epsilon }, shape }, s, m) {
    const c = channels(shape);
    return s!.map((v, i) => i < c ? v / Math.sqrt(m![c + i]! + epsilon) : v);
  },
};

/**
 * [A, B, C], so that dx = A · dy + B · x + C is the gradient of batch norm over `count` rows:
 * dx = w / σ · (dy − Σdy / n − x̂ · Σ(dy · x̂) / n) with x̂ = (x − mean) / σ and σ = √(variance + ε).
 */
const backOp: Op<{ epsilon: number; count: number }> = {
  name: "normBack",
  columns({ attrs: { epsilon, count } }, [s, m, a]) {
    const inverse = `(${inverseDeviation(m!(1), epsilon)})`;
    const scale = `${a!(0)} * ${inverse}`;
    const slope = `(${s!(0)} * ${inverse} * ${inverse} / ${literal(count)})`;
    return [
      scale,
      `-${scale} * ${slope}`,
      `${scale} * (${m!(0)} * ${slope} - ${s!(1)} / ${literal(count)})`,
    ];
  },
  reference({ attrs: { epsilon, count }, shape }, s, m, a) {
    const c = shape[1]!;
    const out = new Float64Array(3 * c);
    for (let k = 0; k < c; k++) {
      const variance = m![c + k]! + epsilon;
      const slope = s![k]! / variance / count;
      out[k] = a![k]! / Math.sqrt(variance);
      out[c + k] = -out[k]! * slope;
      out[2 * c + k] = out[k]! * (m![k]! * slope - s![c + k]! / count);
    }
    return out;
  },
};

/** Options of `batchNorm`. */
export interface BatchNormOptions {
  /** Added to the variance, 1e-9 to 1. Default 1e-5. */
  readonly epsilon?: number;
  /** Whether `statistics` are those of `x` itself, not running ones. Default true. */
  readonly training?: boolean;
  /** How many ranks have rows, as many as `x`, of which `statistics` are the moments. Default 1. */
  readonly ranks?: number;
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
  const { epsilon = 1e-5, training = true, ranks = 1 } = options;
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
    ranks,
  }) as Tensor;
}
