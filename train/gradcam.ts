/**
 * Grad-CAM: where in an image a model sees a class, Selvaraju et al. 2017, arXiv:1610.02391. Works for any
 * model; draws nothing, which data/heat_map.ts does.
 */

import { gradients } from "../engine/autodiff.ts";
import { compile } from "../engine/compile/mod.ts";
import type { Device } from "../engine/gpu/device.ts";
import { Memory } from "../engine/gpu/memory.ts";
import { Runner } from "../engine/gpu/runner.ts";
import { input, type Tensor, topological } from "../engine/graph.ts";
import { apply } from "../engine/nn/scope.ts";
import { mul, relu } from "../engine/ops/pointwise.ts";
import { mean, sum } from "../engine/ops/sum.ts";
import type { Weight } from "../models/safetensors.ts";
import { type CapturedModel, captureModel, imageFeeds } from "./captured.ts";
import { argmaxRows } from "./metrics/probabilities.ts";
import type { Examples, SessionOptions } from "./session_options.ts";
import { ARENAS, encodeVariables } from "./weights.ts";

/** Which values of a model are looked at. */
export interface FeatureOptions {
  /** A name that the model marks, such as `layer3.1`. Default: the last map of more than one place. */
  readonly layer?: string | undefined;
}

/** What is computed for a batch. */
export interface GradCamGraph {
  /** [n, classes] */
  readonly logits: Tensor;
  /** The feature maps that are weighted, [n, h, w, c]. */
  readonly features: Tensor;
  /** [n, classes], fed: 1 for the class an image is looked at for, else 0. */
  readonly selection: Tensor;
  /** [n, h, w, 1], from 0, in units of a logit: not scaled yet. */
  readonly maps: Tensor;
}

/**
 * The graph of class maps: `relu(Σₖ αₖ Aₖ)`, where Aₖ are the channels of a feature map and αₖ the mean over
 * its places of the gradient of the selected logit. Throws RangeError where there is no such feature map.
 */
export function captureGradCam(
  { model, variables, pixels }: CapturedModel,
  { layer }: FeatureOptions = {},
): GradCamGraph {
  const { logits, capture } = apply(model, variables, pixels.evaluation, { training: false });
  const maps = mapsBetween(pixels.evaluation, logits);
  const features = layer === undefined ? maps.at(-1) : capture.values.get(layer);
  if (!features || !maps.includes(features)) {
    const names = [...capture.values].filter(([, t]) => maps.includes(t)).map(([name]) => name);
    throw new RangeError(
      `Cannot look at ${layer ?? "the model"}: it is no map of more than one place, ` +
        (names.length ? `one of ${names.join(", ")} was needed` : "a convolution was needed"),
    );
  }
  const selection = input("selection", logits.shape);
  // In evaluation no image depends on another one, so one sum has the gradients of all.
  const [slopes] = gradients(sum(mul(logits, selection)), [features]);
  const alpha = mean(slopes!, [1, 2]);
  return { logits, features, selection, maps: relu(sum(mul(alpha, features), [3])) };
}

/** What `logits` are made of that depends on `images` and has more than one place, in order. */
function mapsBetween(images: Tensor, logits: Tensor): Tensor[] {
  const seen = new Set([images]);
  const maps: Tensor[] = [];
  for (const t of topological([logits], (t) => t.operands)) {
    if (!t.operands.some((x) => seen.has(x))) continue;
    seen.add(t);
    const [n, h, w, c] = t.shape;
    if (c !== undefined && n === images.shape[0] && h! * w! > 1) maps.push(t);
  }
  return maps;
}

/** A model with its weights, and how many images are looked at together. */
export interface GradCamOptions
  extends
    FeatureOptions,
    Pick<SessionOptions, "model" | "classes" | "size" | "batch" | "preprocessing" | "images"> {
  /** All weights of the model, as checkpoints have them. */
  readonly weights: ReadonlyMap<string, Weight>;
}

/** Where the images of a batch look like a class. */
export interface ClassMaps {
  /** [n, height, width], each from 0 to 1, the most of its image; all 0 where nothing speaks for the class. */
  readonly maps: Float32Array;
  /** Places of a map from top to bottom. */
  readonly height: number;
  /** Places from left to right. */
  readonly width: number;
  /** [n]: the class that each map is of; −1 where none was asked for. */
  readonly classes: Int32Array;
  /** [n, classes], what the model makes of the images. */
  readonly logits: Float32Array;
}

/** A model that says where it looks. Has its own copy of the weights on the device. */
export class GradCam {
  readonly #captured: CapturedModel;
  readonly #graph: GradCamGraph;
  readonly #memory: Memory;
  readonly #runner: Runner;

  private constructor(
    captured: CapturedModel,
    graph: GradCamGraph,
    { memory, runner }: { readonly memory: Memory; readonly runner: Runner },
  ) {
    this.#captured = captured;
    this.#graph = graph;
    this.#memory = memory;
    this.#runner = runner;
  }

  /**
   * Compiles a model. Throws RangeError where the weights do not fit it or it has no feature map, MemoryError
   * where the device is too small.
   */
  static async create(device: Device, options: GradCamOptions): Promise<GradCam> {
    const unused = { seed: 0, optimizer: { name: "sgd" }, train: false } as const;
    const captured = captureModel({ ...options, ...unused });
    const graph = captureGradCam(captured, options);
    const { variables } = captured;
    const numbers = encodeVariables(variables, options.weights);
    const program = compile({ outputs: [graph.logits, graph.maps] }, device.limits);
    const memory = new Memory(device);
    try {
      for (const name of ARENAS) memory.write(variables[name].tensor, numbers[name]);
      return new GradCam(captured, graph, { memory, runner: await Runner.create(program, memory) });
    } catch (error) {
      memory.destroy();
      throw error;
    }
  }

  /** What the maps are of, by its name in the model. */
  get layer(): string {
    return this.#graph.features.label;
  }

  /**
   * Maps of a full batch of images, as `Session.evaluate` takes them. `classes` [n] says what to look for, −1
   * for nothing; without it, each image is looked at for the class that the model takes it for. Throws
   * RangeError for other counts or for a class that is none.
   */
  async look(images: Examples["images"], classes?: Int32Array): Promise<ClassMaps> {
    for (const [t, numbers] of imageFeeds(this.#captured, { images }, "evaluation")) {
      this.#memory.write(t, numbers);
    }
    const sought = classes ?? argmaxRows(await this.#logits(), this.#graph.logits.shape[1]!);
    this.#memory.write(this.#graph.selection, this.#select(sought));
    this.#runner.run();
    const reading = [this.#runner.read(this.#graph.logits), this.#runner.read(this.#graph.maps)];
    const [logits, maps] = await Promise.all(reading);
    const [, height, width] = this.#graph.maps.shape;
    scale(maps!, height! * width!);
    return { maps: maps!, height: height!, width: width!, classes: sought, logits: logits! };
  }

  /** Frees everything on the device. */
  destroy(): void {
    this.#runner.destroy();
    this.#memory.destroy();
  }

  async #logits(): Promise<Float32Array> {
    this.#runner.run();
    return await this.#runner.read(this.#graph.logits);
  }

  #select(classes: Int32Array): Float32Array {
    const [n, k] = this.#graph.selection.shape as [number, number];
    if (classes.length !== n) {
      throw new RangeError(`Cannot look for ${classes.length} classes: ${n} were needed`);
    }
    const selection = new Float32Array(n * k);
    classes.forEach((label, i) => {
      if (label >= k) throw new RangeError(`Cannot look for class ${label}: below ${k} was needed`);
      if (label >= 0) selection[i * k + label] = 1;
    });
    return selection;
  }
}

/** Divides each run of `places` numbers by its largest; leaves it as it is where that is 0. */
function scale(maps: Float32Array, places: number): void {
  for (let start = 0; start < maps.length; start += places) {
    const map = maps.subarray(start, start + places);
    const most = map.reduce((a, b) => Math.max(a, b)) || 1;
    map.forEach((x, i) => map[i] = x / most);
  }
}
