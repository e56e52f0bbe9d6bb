/** The messages of ONNX that are used here, and their bytes. Knows the format and no model. */

import { formatMessage } from "../protobuf.ts";

/** Kinds of elements: onnx.proto's `TensorProto.DataType`. */
export const elementType = { float: 1, int64: 7, float16: 10 } as const;

/** Kinds of attributes: onnx.proto's `AttributeProto.AttributeType`. */
export const attributeType = { float: 1, int: 2, ints: 7 } as const;

/** A model: a graph, what version of the operators it speaks, and properties. */
export interface ModelProto {
  readonly irVersion: number;
  readonly producerName: string;
  readonly graph: GraphProto;
  readonly opsetImport: readonly { readonly version: number }[];
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
}

/** Nodes in an order in which they can be computed. */
export interface GraphProto {
  readonly node: readonly NodeProto[];
  readonly name: string;
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
}

/** One application of an operator to values by their names. */
export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly attribute: readonly AttributeProto[];
}

/** A setting of a node: one of `f`, `i` and `ints`, as `type`, an `attributeType`, says. */
export interface AttributeProto {
  readonly name: string;
  readonly f?: number;
  readonly i?: number;
  readonly ints?: readonly number[];
  readonly type: number;
}

/** Numbers with a name: row-major, little-endian; `dataType` is an `elementType`. */
export interface TensorProto {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly name: string;
  readonly rawData: Uint8Array;
}

/** An input or output of a graph. */
export interface ValueInfoProto {
  readonly name: string;
  readonly type: { readonly tensorType: TensorType };
  readonly docString: string;
}

/** A tensor's elements and axes; an axis is a size or, where that is open, a name. */
export interface TensorType {
  readonly elemType: number;
  readonly shape: { readonly dim: readonly { dimValue?: number; dimParam?: string }[] };
}

/** The fields of each message: number and type, both from onnx.proto. */
const FIELDS = {
  model: {
    irVersion: [1, "int64"],
    producerName: [2, "string"],
    graph: [7, "graph"],
    opsetImport: [8, "opset"],
    metadataProps: [14, "property"],
  },
  opset: { version: [2, "int64"] },
  property: { key: [1, "string"], value: [2, "string"] },
  graph: {
    node: [1, "node"],
    name: [2, "string"],
    initializer: [5, "tensor"],
    input: [11, "valueInfo"],
    output: [12, "valueInfo"],
  },
  node: {
    input: [1, "string"],
    output: [2, "string"],
    name: [3, "string"],
    opType: [4, "string"],
    attribute: [5, "attribute"],
  },
  attribute: {
    name: [1, "string"],
    f: [2, "float"],
    i: [3, "int64"],
    ints: [8, "int64"],
    type: [20, "int64"],
  },
  tensor: {
    dims: [1, "int64"],
    dataType: [2, "int64"],
    name: [8, "string"],
    rawData: [9, "bytes"],
  },
  valueInfo: { name: [1, "string"], type: [2, "type"], docString: [3, "string"] },
  type: { tensorType: [1, "tensorType"] },
  tensorType: { elemType: [1, "int64"], shape: [2, "shape"] },
  shape: { dim: [1, "dimension"] },
  dimension: { dimValue: [1, "int64"], dimParam: [2, "string"] },
} as const;

/** The bytes of an ONNX file. */
export function formatModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  return formatMessage(FIELDS, "model", model);
}
