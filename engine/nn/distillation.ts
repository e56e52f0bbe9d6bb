/** Distillation: what it costs a student to answer otherwise than a teacher. Hinton et al. 2015, arXiv:1503.02531. */

import type { Tensor } from "../graph.ts";
import { crossEntropy, probabilities } from "../ops/cross_entropy.ts";
import { add, detach, full, mul, sub } from "../ops/pointwise.ts";
import { mean } from "../ops/sum.ts";
import type { LossSums } from "./losses.ts";

/** Whom a loss listens to. */
export interface TeacherOptions {
  /** [n, k], of the same rows and classes. */
  readonly logits: Tensor;
  /** The teacher's share of the loss, in [0, 1]; the targets have the rest. */
  readonly share: number;
  /** What logits of both are divided by, above 0: with more, classes that the teacher rules out count more. */
  readonly temperature: number;
}

/**
 * Σₖ p ln (p / q) of each row, p and q being the softmax of the teacher's and the student's logits [n, k], both
 * divided by `temperature` → [n, 1]. No gradient flows to the teacher.
 */
export function divergence(student: Tensor, teacher: Tensor, temperature: number): Tensor {
  const soft = (z: Tensor) => mul(z, full(1 / temperature, []));
  const t = soft(detach(teacher));
  const p = probabilities(t);
  return sub(crossEntropy(soft(student), p), crossEntropy(t, p));
}

/**
 * `(1 − share) · loss + share · T² · mean divergence` as sums; T² keeps slopes as large as without a temperature.
 * Throws RangeError for a share or a temperature that means nothing.
 */
export function distilled(
  { total, count }: LossSums,
  student: Tensor,
  { logits, share, temperature }: TeacherOptions,
): LossSums {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot listen to a teacher by ${share}: a share from 0 to 1 was needed`);
  }
  if (!(temperature > 0)) {
    throw new RangeError(`Cannot divide logits by ${temperature}: a number above 0 was needed`);
  }
  const apart = mean(divergence(student, logits, temperature));
  const taught = mul(mul(count, apart), full(share * temperature ** 2, []));
  return { total: add(mul(total, full(1 - share, [])), taught), count };
}
