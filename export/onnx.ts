/** A model and its weights as an ONNX file: for ONNX Runtime and whatever else reads the format. Writes no file itself. */

import { input, type Tensor } from "../engine/graph.ts";
import { Capture, type Model, Scope } from "../engine/nn/scope.ts";
import type { Entry, Variable } from "../engine/nn/variables.ts";
import { sameShape } from "../engine/shape.ts";
import { buildModel, type Preprocessing } from "../models/mod.ts";
import { normalize } from "../models/preprocess.ts";
import type { Weight } from "../models/safetensors.ts";
import { type Constant, OnnxGraph } from "./onnx/graph.ts";
import {
  attributeType,
  elementType,
  formatModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./onnx/protobuf.ts";
import { rules } from "./onnx/rules.ts";

/** What is exported beside the weights. */
export interface OnnxOptions {
  /** A name of the registry, or a model of one's own. */
  readonly model: string | Model;
  /** How many classes the last layer tells apart. */
  readonly classes: number;
  /** Height and width of the images, in pixels; one number for squares. */
  readonly size: number | readonly [height: number, width: number];
  /** What is subtracted from images and what they are divided by. Default the model's own, where it is of the registry. */
  readonly preprocessing?: Pick<Preprocessing, "mean" | "std">;
  /** Properties of the file, for who uses it. Default none. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The version of ONNX's operators: of 2021, so that old runtimes know them. */
const OPSET = 17;
/** The version of the file format that came with it. */
const IR_VERSION = 8;

/** The names of the file's input and outputs. */
const [IMAGES, LOGITS, PROBABILITIES] = ["images", "logits", "probabilities"] as const;

/**
 * An ONNX file of `model` in evaluation, with `weights` under PyTorch's names, as `Session.readWeights`
 * gives them.
 *
 * Its input is `images` [batch, 3, height, width], for any number of images at a time: red, green and blue
 * in [0, 1], normalised inside; for a model of one's own without `preprocessing`, what it was trained on.
 * Its outputs are `logits` and their softmax `probabilities`, [batch, classes]. F16 weights stay so in
 * the file and are cast to floats when it is loaded: the file is half as large, the arithmetic the same.
 *
 * Throws RangeError with the name of a weight that is missing or of another shape, and for a model whose
 * result depends on how many images are in a batch; TypeError for an operation that ONNX lacks.
 */
export function exportOnnx(
  weights: ReadonlyMap<string, Weight>,
  options: OnnxOptions,
): Uint8Array<ArrayBuffer> {
  const { classes, size, metadata = {} } = options;
  const [height, width] = typeof size === "number" ? [size, size] : size;
  const { nodes, constants, weights: used } = lower(options);
  const tensors = [...used.values()].map((entry) => storedTensor(entry, weights.get(entry.key)));
  const casts = tensors.filter((t) => t.dataType === elementType.float16).map((t): NodeProto => {
    const name = t.name.slice(0, -HALF.length);
    const to = { name: "to", i: elementType.float, type: attributeType.int };
    return { input: [t.name], output: [name], name, opType: "Cast", attribute: [to] };
  });
  const range = typeof options.model === "string" || options.preprocessing
    ? "red, green and blue in [0, 1]; mean and standard deviation are applied inside"
    : "as the model was trained on";
  return formatModel({
    irVersion: IR_VERSION,
    producerName: "verity",
    opsetImport: [{ version: OPSET }],
    graph: {
      name: typeof options.model === "string" ? options.model : "model",
      node: [...casts, ...nodes],
      initializer: [...tensors, ...constants.map(constantTensor)],
      input: [batches(IMAGES, [3, height, width], `images: ${range}`)],
      output: [
        batches(LOGITS, [classes], "what the last layer gives"),
        batches(PROBABILITIES, [classes], "softmax of the logits"),
      ],
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

/** The nodes of a model. They are made for two sizes of a batch: what differs would be right for one alone. */
function lower(options: OnnxOptions): OnnxGraph {
  const [two, three] = [2, 3].map((batch) => lowerBatch(batch, options)) as [OnnxGraph, OnnxGraph];
  const text = ({ nodes, constants }: OnnxGraph) => JSON.stringify([nodes, constants]);
  if (text(two) !== text(three)) {
    throw new RangeError(
      "Cannot export the model: its result depends on how many images are in a batch, " +
        "one that looks at each image alone was needed",
    );
  }
  return two;
}

function lowerBatch(batch: number, options: OnnxOptions): OnnxGraph {
  const { model: named, classes, size } = options;
  const { model, preprocessing: own } = buildModel(named, { classes });
  const [height, width] = typeof size === "number" ? [size, size] : size;
  const images = input(IMAGES, [batch, height, width, 3]);
  const variables = new Map<Tensor, Variable>();
  const capture = new Capture(false, undefined, (v) => {
    const t = input(v.name, v.shape);
    variables.set(t, v);
    return t;
  });
  const preprocessing = options.preprocessing ?? own;
  const pixels = preprocessing ? normalize(images, preprocessing) : images;
  const logits = model(new Scope(capture), pixels);
  if (!sameShape(logits.shape, [batch, classes])) {
    throw new RangeError(
      `Cannot export the model: it makes [${logits.shape}] of ${batch} images, ` +
        `[${batch},${classes}] was needed`,
    );
  }
  const graph = new OnnxGraph(rules, { variables, reserved: [LOGITS, PROBABILITIES] });
  graph.input(images, IMAGES);
  const value = graph.output(LOGITS, "Identity", [graph.value(logits)]);
  graph.output(PROBABILITIES, "Softmax", [value], { axis: 1 });
  return graph;
}

/** What the name of a tensor in half precision ends with: its plain name is that of its cast. */
const HALF = ".f16";

function storedTensor({ key, shape }: Entry, weight: Weight | undefined): TensorProto {
  if (!weight || !sameShape(weight.shape, shape) || !/^F(16|32)$/.test(weight.dtype)) {
    const is = weight ? `${weight.dtype} [${weight.shape}]` : "missing";
    throw new RangeError(
      `Cannot export the weights: ${key} is ${is}, F32 or F16 [${shape}] was needed`,
    );
  }
  const { data: rawData } = weight;
  return weight.dtype === "F16"
    ? { dims: shape, dataType: elementType.float16, name: key + HALF, rawData }
    : { dims: shape, dataType: elementType.float, name: key, rawData };
}

function constantTensor({ name, shape, type, values }: Constant): TensorProto {
  const numbers = type === "float"
    ? Float32Array.from(values)
    : BigInt64Array.from(values, (v) => BigInt(v));
  const rawData = new Uint8Array(numbers.buffer);
  return { dims: shape, dataType: elementType[type], name, rawData };
}

/** A value [batch, ...sizes] that the file takes or gives. */
function batches(name: string, sizes: readonly number[], docString: string): ValueInfoProto {
  const dim = [{ dimParam: "batch" }, ...sizes.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType: elementType.float, shape: { dim } } }, docString };
}
