/** Nodes of ONNX for a graph of the engine. What each operation becomes is in rules.ts. */

import { constantValues, type Tensor } from "../../engine/graph.ts";
import { entries, type Entry, type Variable } from "../../engine/nn/variables.ts";
import { type AttributeProto, attributeType, type NodeProto } from "./protobuf.ts";

/** Makes the nodes of one operation and returns the name of its value. */
export type Rule = (graph: OnnxGraph, y: Tensor) => string;

/** Settings of a node by ONNX's names; those in {@linkcode FLOATS} are floats, others whole numbers. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** The settings that are floats. */
const FLOATS = ["alpha", "beta", "epsilon"];

/** Numbers that stand in the graph and in no weight file. */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: "float" | "int64";
  readonly values: readonly number[];
}

/** Which of the axes n h w c stand where in ONNX, which has n c h w, and the way back. */
export const CHANNELS_FIRST: readonly number[] = [0, 3, 1, 2];
const CHANNELS_LAST: readonly number[] = [0, 2, 3, 1];

/**
 * Nodes, constants and the weights they read. A value of four axes, [n, h, w, c] in the engine, is
 * [n, c, h, w] here; any other has its axes in the same order.
 */
export class OnnxGraph {
  /** In an order in which they can be computed. */
  readonly nodes: NodeProto[] = [];
  /** Numbers that nodes read and that are no weights. */
  readonly constants: Constant[] = [];
  /** The entries of a weight file that nodes read; their values are called by their keys. */
  readonly weights = new Map<string, Entry>();
  readonly #rules: Readonly<Record<string, Rule>>;
  readonly #variables: ReadonlyMap<Tensor, Variable>;
  readonly #names: Set<string>;
  readonly #values = new Map<Tensor, string>();
  readonly #turned = new Map<Tensor, string>();

  /** `variables` says which tensors stand in weight files; `reserved` are names for {@linkcode output}. */
  constructor(
    rules: Readonly<Record<string, Rule>>,
    { variables, reserved }: {
      readonly variables: ReadonlyMap<Tensor, Variable>;
      readonly reserved: readonly string[];
    },
  ) {
    const keys = [...variables.values()].flatMap(entries).map(({ key }) => key);
    this.#rules = rules;
    this.#variables = variables;
    this.#names = new Set([...keys, ...reserved]);
  }

  /** Declares that `t` is the value called `name`, which the user of the graph supplies. */
  input(t: Tensor, name: string): void {
    this.#names.add(name);
    this.#values.set(t, name);
  }

  /** Adds a node whose value has one of the reserved names, and returns that. */
  output(
    name: string,
    opType: string,
    input: readonly string[],
    attributes: Attributes = {},
  ): string {
    return this.#add(name, opType, input, attributes);
  }

  /** The value of `t`; its nodes are made the first time. Throws TypeError where no rule is known. */
  value(t: Tensor): string {
    const known = this.#values.get(t);
    if (known !== undefined) return known;
    const rule = Object.hasOwn(this.#rules, t.op.name) ? this.#rules[t.op.name] : undefined;
    if (!rule) {
      throw new TypeError(
        `Cannot export ${t}: there is no ONNX for the operation ${t.op.name}, ` +
          `one of ${Object.keys(this.#rules).join(", ")} was needed`,
      );
    }
    const value = rule(this, t);
    this.#values.set(t, value);
    return value;
  }

  /** The value of `t` with its axes in the order of the engine. */
  channelsLast(t: Tensor): string {
    if (t.shape.length !== 4) return this.value(t);
    let value = this.#turned.get(t);
    if (value === undefined) {
      value = this.node("Transpose", [this.value(t)], { perm: CHANNELS_LAST });
      this.#turned.set(t, value);
    }
    return value;
  }

  /** The value of `t` as it stretches over others where the result has `rank` axes. */
  stretched(t: Tensor, rank: number): string {
    if (rank !== 4) return this.channelsLast(t);
    if (t.shape.length === 0 || t.shape.length === 4) return this.value(t);
    const values = constantValues(t);
    if (t.shape.length === 1) {
      if (values) return this.floats(values, [1, values.length, 1, 1]);
      return this.node("Unsqueeze", [this.value(t), this.integers([0, 2, 3], "axes")]);
    }
    const axes = Array.from({ length: rank - t.shape.length }, (_, axis) => axis);
    const value = this.node("Unsqueeze", [this.value(t), this.integers(axes, "axes")]);
    return this.node("Transpose", [value], { perm: CHANNELS_FIRST });
  }

  /** The variable of the model that `t` is; undefined where it is computed or constant. */
  variable(t: Tensor): Variable | undefined {
    return this.#variables.get(t);
  }

  /** The values of a variable's entries in a weight file, with the layout they have there. */
  stored(variable: Variable): readonly string[] {
    return entries(variable).map((entry) => {
      this.weights.set(entry.key, entry);
      return entry.key;
    });
  }

  /** A constant of floats. */
  floats(values: readonly number[], shape: readonly number[]): string {
    return this.#constant({ name: "constant", shape, type: "float", values });
  }

  /** A constant list of whole numbers, called `name` or like that. */
  integers(values: readonly number[], name: string): string {
    return this.#constant({ name, shape: [values.length], type: "int64", values });
  }

  /**
   * Adds a node and returns its value, called `label` where that is free, else after its first input and
   * what happens to it.
   */
  node(
    opType: string,
    input: readonly string[],
    attributes: Attributes = {},
    label = "",
  ): string {
    const free = label !== "" && !this.#names.has(label);
    const name = this.#unique(free ? label : `${input[0]}.${opType}`);
    return this.#add(name, opType, input, attributes);
  }

  /** Adds a node that makes `y` with its axes in the order of the engine, and returns the value of `y`. */
  nodeChannelsLast(
    y: Tensor,
    opType: string,
    input: readonly string[],
    attributes: Attributes = {},
  ): string {
    if (y.shape.length !== 4) return this.node(opType, input, attributes, y.label);
    const value = this.node(opType, input, attributes);
    return this.node("Transpose", [value], { perm: CHANNELS_FIRST }, y.label);
  }

  #add(
    name: string,
    opType: string,
    input: readonly string[],
    attributes: Attributes,
  ): string {
    const attribute = Object.entries(attributes).map(([name, x]): AttributeProto =>
      typeof x !== "number"
        ? { name, ints: x, type: attributeType.ints }
        : FLOATS.includes(name)
        ? { name, f: x, type: attributeType.float }
        : { name, i: x, type: attributeType.int }
    );
    this.nodes.push({ input, output: [name], name, opType, attribute });
    return name;
  }

  #constant(constant: Constant): string {
    const key = ({ type, shape, values }: Constant) => `${type} ${shape} ${values}`;
    const same = this.constants.find((c) => key(c) === key(constant));
    if (same) return same.name;
    const name = this.#unique(constant.name);
    this.constants.push({ ...constant, name });
    return name;
  }

  #unique(name: string): string {
    let free = name;
    for (let i = 2; this.#names.has(free); i++) free = `${name}_${i}`;
    this.#names.add(free);
    return free;
  }
}
