/** Weights of resampling along one axis, as Pillow and torch compute them. Touches no pixels. */

/** What the output pixels of one axis are made of. */
export interface Taps {
  /** First input pixel of each output pixel. */
  readonly first: Int32Array;
  /** How many input pixels each output pixel has, from there on. */
  readonly count: Int32Array;
  /** Their weights, which sum to 1: [outputs, span]; unused ones are 0. */
  readonly weights: Float64Array;
  /** Number of weights that each output pixel has room for. */
  readonly span: number;
}

/** Weight of a pixel at a distance `t` ≥ 0, and the distance from which on it is 0. */
const FILTERS = {
  bilinear: { radius: 1, weight: (t: number) => t < 1 ? 1 - t : 0 },
  // Keys' cubic with a = −1/2, which both Pillow and torch with antialiasing use.
  bicubic: {
    radius: 2,
    weight: (t: number) =>
      t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? (((t - 5) * t + 8) * t - 4) * -0.5 : 0,
  },
} as const;

/** Weights that widen with the scale, so that nothing of the input is skipped. */
export function antialiased(from: number, to: number, filter: "bilinear" | "bicubic"): Taps {
  const { radius, weight } = FILTERS[filter];
  const scale = from / to;
  const wide = Math.max(scale, 1);
  const support = radius * wide;
  const taps = empty(to, Math.ceil(support) * 2 + 1);
  const { first, count, weights, span } = taps;
  for (let i = 0; i < to; i++) {
    const center = scale * (i + 0.5);
    const low = Math.max(Math.trunc(center - support + 0.5), 0);
    const high = Math.min(Math.trunc(center + support + 0.5), from);
    let sum = 0;
    for (let j = low; j < high; j++) {
      sum += weights[i * span + j - low] = weight(Math.abs((j - center + 0.5) * (1 / wide)));
    }
    first[i] = low;
    count[i] = high - low;
    for (let k = i * span; k < i * span + high - low; k++) weights[k] = weights[k]! / sum;
  }
  return taps;
}

/** Two neighbours of each point, whatever the scale: torch's bilinear without antialiasing. */
export function linear(from: number, to: number): Taps {
  const taps = empty(to, 2);
  for (let i = 0; i < to; i++) {
    const at = Math.max(from / to * (i + 0.5) - 0.5, 0);
    const low = Math.min(Math.floor(at), from - 1);
    taps.first[i] = low;
    taps.count[i] = Math.min(2, from - low);
    taps.weights[2 * i] = taps.count[i] === 1 ? 1 : 1 - (at - low);
    taps.weights[2 * i + 1] = taps.count[i] === 1 ? 0 : at - low;
  }
  return taps;
}

/** Pillow's nearest pixel: positions are added up, as it does. */
export function nearestCenter(from: number, to: number): Int32Array {
  const pixels = new Int32Array(to);
  const scale = from / to;
  let at = scale * 0.5;
  for (let i = 0; i < to; i++) {
    pixels[i] = Math.trunc(at);
    at += scale;
  }
  return pixels;
}

/** torch's nearest pixel: at the corner of a pixel (`nearest`) or at its centre (`nearest-exact`). */
export function nearestFloat(from: number, to: number, offset: 0 | 0.5): Int32Array {
  const scale = Math.fround(from / to);
  return Int32Array.from(
    { length: to },
    (_, i) => Math.min(Math.floor(Math.fround((i + offset) * scale)), from - 1),
  );
}

function empty(to: number, span: number): Taps {
  return {
    first: new Int32Array(to),
    count: new Int32Array(to),
    weights: new Float64Array(to * span),
    span,
  };
}
