/** What a session is made of, fed and measured by. Does nothing. */

import type { Left } from "../data/batch_options.ts";
import type { Precision } from "../engine/compile/program.ts";
import type { Tensor } from "../engine/graph.ts";
import type { NamedLossOptions } from "../engine/nn/losses.ts";
import type { Model } from "../engine/nn/scope.ts";
import type { FreezeOptions } from "../engine/nn/stages.ts";
import type { AverageOptions } from "../engine/optim/average.ts";
import type { OptimizerOptions } from "../engine/optim/mod.ts";
import type { Preprocessing } from "../models/mod.ts";
import type { Ranks } from "./ranks.ts";
import type { RateOptions } from "./rates.ts";
import type { DistillOptions } from "./teacher.ts";
import type { ClipOptions } from "./update.ts";
import type { Wire } from "./wire.ts";

/** What a session is compiled for. */
export interface SessionOptions
  extends
    FreezeOptions,
    RateOptions,
    ClipOptions,
    Pick<NamedLossOptions, "loss" | "focus" | "sumClasses" | "threshold"> {
  /** A name of the registry, or a model of one's own. */
  readonly model: string | Model;
  /** How many classes the last layer tells apart. */
  readonly classes: number;
  /** Height and width of the images, in pixels; one number for squares. */
  readonly size: number | readonly [height: number, width: number];
  /** Images in a batch. */
  readonly batch: number;
  /** Decides initial weights and what is dropped. */
  readonly seed: number;
  /** What changes the weights; any where the session does not train. */
  readonly optimizer: OptimizerOptions;
  /**
   * The moving average of the weights that evaluations and files use in place of those being trained. Default
   * none.
   */
  readonly average?: AverageOptions | undefined;
  /** Batches whose gradients are averaged for each step of the optimizer. Default 1. */
  readonly accumulate?: number;
  /**
   * Those who take each step together, each with a batch of its own: as if it were one batch of all their images, but for
   * the statistics of norms, which are each rank's own. Default nobody.
   */
  readonly ranks?: Ranks | undefined;
  /** As what their gradients travel: "f32", or as halves "f16", scaled by powers of two. Default "f32". */
  readonly wire?: Wire | undefined;
  /**
   * Whether the ranks take the statistics of norms together, so that their batches are one for norms too: each norm
   * waits for all of them twice a step. Default false.
   */
  readonly synchroniseNorms?: boolean;
  /** Share of the target spread over all classes. Default 0. */
  readonly labelSmoothing?: number;
  /** What each class counts in the loss. Default all 1. */
  readonly classWeights?: readonly number[];
  /** Whom the model learns from beside its labels. Default nobody. */
  readonly distill?: DistillOptions | undefined;
  /** Share of features dropped before the classifier. Default 0. */
  readonly dropRate?: number;
  /** Share of samples for which the last block is left out. Default 0. */
  readonly dropPathRate?: number;
  /** What is subtracted from images and what they are divided by. Default the model's own, where it is of the registry. */
  readonly preprocessing?: Pick<Preprocessing, "mean" | "std">;
  /**
   * Whether the backward pass computes what is inside the model's blocks again instead of keeping it:
   * less memory, more work, the same gradients. Default false.
   */
  readonly recompute?: boolean;
  /**
   * As what activations and their gradients are kept: "f32", or as halves "f16". Weights, statistics and sums
   * are float32 always. Default "f32".
   */
  readonly precision?: Precision;
  /** False where only `evaluate` is used. */
  readonly train: boolean;
  /**
   * What is done to image bytes before the model sees them: in steps, and in evaluations where the session
   * does not train; `deviceAugmentation()` makes it of a pipeline. Default nothing.
   */
  readonly augment?: ((images: Tensor) => ImageChange) | undefined;
  /**
   * "bytes": images as loaders give them, as numbers in [0, 1], normalised by `preprocessing`.
   * "numbers": a Float32Array [n, h, w, 3], used as it is. Default "bytes".
   */
  readonly images?: "bytes" | "numbers";
}

/** What is done to images of a batch between what is fed and what a model sees. */
export interface ImageChange {
  /** The images afterwards, [n, h, w, 3] in [0, 1]. */
  readonly images: Tensor;
  /**
   * What to write for a batch that `left` is said of; nothing happens to its images without. Throws RangeError
   * where something else is left than what was captured.
   */
  feeds(left?: Left): readonly (readonly [Tensor, Float32Array])[];
}

/** What a session feeds on: `data/loader.ts` batches, or arrays of one's own. */
export interface Examples {
  /** [n, h, w, 4] bytes, or [n, h, w, 3] numbers where the session was made for them. */
  readonly images: Uint8Array | Float32Array;
  /** The class of each image, from 0; used where there are no targets. */
  readonly labels: Int32Array;
  /** [n, classes] probabilities, in place of labels. */
  readonly targets?: Float32Array;
  /** What the session's augmentation does to these images. Default nothing. */
  readonly left?: Left;
}

/** What a step costs. */
export interface SessionPlan {
  /** Parameters of the model. */
  readonly parameters: number;
  /** Those of them that are learned: all but the frozen ones. */
  readonly trained: number;
  /** Kernels that a step runs. */
  readonly dispatches: number;
  /** Bytes that the dispatches of a step read and write, for each image. */
  readonly bytesPerImage: number;
  /** Bytes of all buffers. */
  readonly bufferBytes: number;
  /** Bytes of those that hold no input, weight or state: slots, which values take in turn. */
  readonly slotBytes: number;
  /** The most bytes of slots that hold values still to be read at any one time. */
  readonly peakBytes: number;
  /** Bytes that the forward pass leaves for the backward pass of the same step: activations mostly. */
  readonly keptBytes: number;
}
