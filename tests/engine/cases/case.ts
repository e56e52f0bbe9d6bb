/** What a row of the table of cases is. The rows are in the files beside this one. */

import { imageInput, input, type Tensor } from "../../../engine/graph.ts";
import type { Shape } from "../../../engine/shape.ts";

/** One way to use an op: a small graph and the numbers to feed it. */
export interface Case {
  /** The op, then what is special. Unique. */
  readonly name: string;
  /** Shapes of the inputs, in the order in which `build` takes them. */
  readonly inputs: readonly Shape[];
  /** The graph. */
  readonly build: (...inputs: Tensor[]) => Tensor;
  /** Where inputs lie, for each input or for all. Default −2 to 2. */
  readonly range?: readonly [number, number] | readonly (readonly [number, number])[];
  /** Feeds whole numbers, so that equal values occur. */
  readonly whole?: boolean;
  /** Inputs to differentiate by. Default all; none where no gradient is defined. */
  readonly wrt?: readonly number[];
  /** False where the gradient is defined but central differences are not: ties. */
  readonly smooth?: boolean;
  /** Largest error on a device, relative to the largest value of the result. Default 2e-6. */
  readonly tolerance?: number;
  /** True to declare the first input as bytes. */
  readonly bytes?: boolean;
}

/** The inputs of a case. */
export function declare({ inputs, bytes }: Case): Tensor[] {
  return inputs.map((shape, i) =>
    bytes && i === 0 ? imageInput(`x${i}`, shape) : input(`x${i}`, shape)
  );
}
