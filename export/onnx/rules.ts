/** What each operation of an evaluation is in ONNX. Gradients and the statistics of a batch have no place here. */

import { constantValues, type Tensor } from "../../engine/graph.ts";
import { fullValue } from "../../engine/ops/pointwise.ts";
import type { Variable } from "../../engine/nn/variables.ts";
import type { Window } from "../../engine/ops/window.ts";
import { channels, elementAt, type Shape, size } from "../../engine/shape.ts";
import { type Attributes, CHANNELS_FIRST, type OnnxGraph, type Rule } from "./graph.ts";

/** The sizes of a value in ONNX's order. */
function axesFirst(shape: Shape): Shape {
  return shape.length === 4 ? CHANNELS_FIRST.map((axis) => shape[axis]!) : shape;
}

/** One node with the same inputs, stretched over one another by the same rules. */
function pointwise(opType: string, attributes: Attributes = {}): Rule {
  return (graph, y) => {
    const inputs = y.inputs.map((x) => graph.stretched(x, y.shape.length));
    return graph.node(opType, inputs, attributes, y.label);
  };
}

/** The settings of the window that makes `y` of its first input. */
function windowAttributes(y: Tensor): Attributes {
  const [x] = y.inputs as [Tensor];
  const { kernel, stride, padding, output } = y.attrs as Window;
  // What the last window needs: none would read more.
  const after = padding.map((before, i) =>
    Math.max((output[i]! - 1) * stride + kernel[i]! - before - x.shape[i + 1]!, 0)
  );
  return { "kernel_shape": kernel, strides: [stride, stride], pads: [...padding, ...after] };
}

/** The weight a layer was made with, before `conv2d` made a matrix of it or filled in zeros between its groups. */
function weightOf(y: Tensor): { readonly w: Tensor; readonly groups: number } {
  let w = y.inputs[1]!;
  if (w.shape.length < 4 && w.op.name === "reshape") w = w.inputs[0]!;
  if (w.op.name === "expandGroups") {
    return { w: w.inputs[0]!, groups: (w.attrs as { groups: number }).groups };
  }
  return { w, groups: y.op.name === "depthwise" ? channels(y.shape) : 1 };
}

/**
 * A convolution or a product with a matrix of weights as one node, with the vector that is added to it if there
 * is one; undefined for anything else.
 */
function layer(graph: OnnxGraph, y: Tensor, label: string, bias?: Variable): string | undefined {
  const { name } = y.op;
  if (name !== "conv2d" && name !== "depthwise" && name !== "matmul") return undefined;
  const x = y.inputs[0]!;
  const { w, groups: group } = weightOf(y);
  const variable = graph.variable(w);
  const isPixel = w.shape.slice(0, -2).join() === "1,1" && channels(w.shape) === channels(y.shape);
  if (name !== "matmul" || (x.shape.length === 4 && isPixel)) {
    const window = name === "matmul" ? { "kernel_shape": [1, 1] } : windowAttributes(y);
    const weight = variable?.layout === "convolution"
      ? () => graph.stored(variable)[0]!
      : () => graph.node("Transpose", [graph.channelsLast(w)], { perm: [3, 2, 0, 1] });
    const inputs = [graph.value(x), weight(), ...bias ? graph.stored(bias) : []];
    return graph.node("Conv", inputs, { group, ...window }, label);
  }
  const matrix = graph.variable(y.inputs[1]!);
  if (x.shape.length !== 2 || matrix?.layout !== "matrix") return undefined;
  const inputs = [graph.value(x), ...graph.stored(matrix), ...bias ? graph.stored(bias) : []];
  return graph.node("Gemm", inputs, { transB: 1 }, label);
}

const convolution: Rule = (graph, y) => layer(graph, y, y.label)!;

const add: Rule = (graph, y) => {
  const [x, b] = y.inputs as [Tensor, Tensor];
  const bias = graph.variable(b);
  const fused = bias?.layout === "vector" && b.shape[0] === channels(x.shape)
    ? layer(graph, x, y.label, bias)
    : undefined;
  return fused ?? pointwise("Add")(graph, y);
};

const matmul: Rule = (graph, y) => {
  const [x, w] = y.inputs as [Tensor, Tensor];
  return layer(graph, y, y.label) ??
    graph.nodeChannelsLast(y, "MatMul", [graph.channelsLast(x), graph.value(w)]);
};

const batchNorm: Rule = (graph, y) => {
  const [x, , , statistics, affine] = y.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const variables = [affine, statistics].map((t) => graph.variable(t));
  if (variables.includes(undefined) || (x.shape.length !== 2 && x.shape.length !== 4)) {
    throw new TypeError(
      `Cannot export ${y}: it normalises [${x.shape}] by what is computed, ` +
        "[n, h, w, c] or [n, c] and the running statistics of a layer were needed",
    );
  }
  const { epsilon } = y.attrs as { epsilon: number };
  const inputs = [graph.value(x), ...variables.flatMap((v) => graph.stored(v!))];
  return graph.node("BatchNormalization", inputs, { epsilon }, y.label);
};

const pool = (opType: string): Rule => (graph, y) => {
  const { countIncludePad } = y.attrs as { readonly countIncludePad?: boolean };
  const count = countIncludePad === undefined ? {} : { "count_include_pad": +countIncludePad };
  const attributes = { ...windowAttributes(y), ...count };
  return graph.node(opType, [graph.value(y.inputs[0]!)], attributes, y.label);
};

const sumTo: Rule = (graph, y) => {
  const x = y.inputs[1]!; // the first input is a stage of the sum
  const missing = x.shape.length - y.shape.length;
  const axes = x.shape.flatMap((d, axis) =>
    axis < missing || d !== y.shape[axis - missing] ? [axis] : []
  );
  if (axes.length === 0) return graph.value(x); // ReduceSum over no axes is over all
  if (missing > 0) {
    const sum = graph.node("ReduceSum", [graph.channelsLast(x), graph.integers(axes, "axes")]);
    const dropped = graph.integers(x.shape.slice(0, missing).map((_, axis) => axis), "axes");
    return graph.nodeChannelsLast(y, "Squeeze", [sum, dropped]);
  }
  const places = axes.map((axis) => x.shape.length === 4 ? CHANNELS_FIRST.indexOf(axis) : axis);
  return graph.node("ReduceSum", [graph.value(x), graph.integers(places, "axes")], {}, y.label);
};

const mul: Rule = (graph, y) => {
  const [total, share] = y.inputs as [Tensor, Tensor];
  const x = total.inputs[1];
  const isMean = total.op.name === "sumTo" && x?.shape.length === 4 &&
    total.shape.join() === [x.shape[0], 1, 1, x.shape[3]].join() &&
    fullValue(share) === total.size / x.size;
  if (isMean) return graph.node("GlobalAveragePool", [graph.value(x)], {}, y.label);
  return pointwise("Mul")(graph, y);
};

const silu: Rule = (graph, y) => {
  const x = graph.value(y.inputs[0]!);
  return graph.node("Mul", [x, graph.node("Sigmoid", [x])], {}, y.label);
};

const relu6: Rule = (graph, y) => {
  const bounds = [0, 6].map((x) => graph.floats([x], []));
  return graph.node("Clip", [graph.value(y.inputs[0]!), ...bounds], {}, y.label);
};

const reshape: Rule = (graph, y) => {
  const x = y.inputs[0]!;
  const [n] = x.shape;
  if (
    x.shape.length === 4 && y.shape.length === 2 && x.shape.join() === [n, 1, 1, y.shape[1]].join()
  ) {
    return graph.node("Flatten", [graph.value(x)], { axis: 1 }, y.label);
  }
  // 0 stands for the size that is there: any number of images.
  const shape = n === y.shape[0] ? [0, ...y.shape.slice(1)] : y.shape;
  const inputs = [graph.channelsLast(x), graph.integers(shape, "shape")];
  return graph.nodeChannelsLast(y, "Reshape", inputs);
};

const transpose: Rule = (graph, y) => {
  const { axes } = y.attrs as { readonly axes: readonly number[] };
  return graph.nodeChannelsLast(y, "Transpose", [graph.channelsLast(y.inputs[0]!)], { perm: axes });
};

/** `broadcastTo`: an axis that is as long already keeps its length, whatever it is. */
const expand: Rule = (graph, y) => {
  const x = y.inputs[0]!;
  const missing = y.shape.length - x.shape.length;
  const shape = axesFirst(y.shape.map((d, axis) => x.shape[axis - missing] === d ? 1 : d));
  const inputs = [graph.stretched(x, y.shape.length), graph.integers(shape, "shape")];
  return graph.node("Expand", inputs, {}, y.label);
};

const row: Rule = (graph, y) => {
  const { index } = y.attrs as { readonly index: number };
  const value = graph.node("Gather", [graph.value(y.inputs[0]!), graph.integers([index], "index")]);
  return graph.node("Squeeze", [value, graph.integers([0], "axes")], {}, y.label);
};

/** A variable where no layer takes it as files have it. */
const variable: Rule = (graph, y) => {
  const variable = graph.variable(y);
  if (!variable) {
    throw new TypeError(`Cannot export ${y}: it is neither the images nor a variable of the model`);
  }
  const stored = graph.stored(variable);
  if (variable.layout === "vector") return stored[0]!;
  if (variable.layout === "matrix") return graph.node("Transpose", stored, { perm: [1, 0] });
  // From [cout, cin, kh, kw] to [kh, kw, cin, cout] with the last of its axes second.
  if (variable.layout === "convolution") {
    return graph.node("Transpose", stored, { perm: [2, 0, 3, 1] });
  }
  const rows = stored.map((v) => graph.node("Unsqueeze", [v, graph.integers([0], "axes")]));
  return graph.node("Concat", rows, { axis: 0 });
};

const constant: Rule = (graph, y) => {
  const fill = fullValue(y);
  const values = constantValues(y) ?? new Array<number>(y.size).fill(fill!);
  const shape = axesFirst(y.shape);
  if (y.shape.length !== 4) return graph.floats(values, shape);
  const steps = y.shape.map((_, axis) => size(y.shape.slice(axis + 1)));
  const turned = values.map((_, i) => values[elementAt(i, shape, axesFirst(steps))]!);
  return graph.floats(turned, shape);
};

/** By the names of the operations. */
export const rules: Readonly<Record<string, Rule>> = {
  add,
  sub: pointwise("Sub"),
  mul,
  div: pointwise("Div"),
  neg: pointwise("Neg"),
  sqrt: pointwise("Sqrt"),
  relu: pointwise("Relu"),
  relu6,
  sigmoid: pointwise("Sigmoid"),
  silu,
  hardSigmoid: pointwise("HardSigmoid", { alpha: 1 / 6, beta: 0.5 }),
  hardSwish: pointwise("HardSwish"),
  conv2d: convolution,
  depthwise: convolution,
  matmul,
  batchNorm,
  maxPool: pool("MaxPool"),
  averagePool: pool("AveragePool"),
  sumTo,
  copy: expand,
  reshape,
  transpose,
  row,
  input: variable,
  constant,
  full: constant,
};
