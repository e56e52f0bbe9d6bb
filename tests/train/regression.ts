/** A small model on the processor with a session's methods, so that the loop is tested without a device. */

import type { Batch } from "../../data/loader.ts";
import type { Trainable } from "../../train/fit.ts";
import type { Measured } from "../../train/measured.ts";

/** Softmax regression of the class on an image's mean brightness, by gradient descent, float64. */
export class Regression implements Trainable {
  /** [classes, 2]: slope and offset. */
  readonly weights: Float64Array;
  /** Learning rates and β1 as they were given. */
  readonly rates: { learningRate: number; beta1?: number }[] = [];
  readonly #classes: number;
  readonly #gradient: Float64Array;
  /** Batches that the gradient is the sum of. */
  #added = 0;
  #sums = { loss: 0, correct: 0, count: 0 };

  constructor(classes: number) {
    this.#classes = classes;
    this.weights = new Float64Array(2 * classes);
    this.#gradient = new Float64Array(2 * classes);
  }

  step(batch: Batch, options: { readonly learningRate: number; readonly beta1?: number }): void {
    this.accumulate(batch);
    this.update(options);
  }

  accumulate(batch: Batch): void {
    const n = batch.labels.length;
    this.#added++;
    batch.labels.forEach((label, row) => {
      const x = brightness(batch, row);
      const p = this.#probabilities(x);
      this.#sums.loss -= Math.log(p[label] ?? NaN);
      this.#sums.correct += p.indexOf(Math.max(...p)) === label ? 1 : 0;
      this.#sums.count++;
      p.forEach((value, k) => {
        const d = (value - (k === label ? 1 : 0)) / n;
        this.#gradient[2 * k]! += d * x;
        this.#gradient[2 * k + 1]! += d;
      });
    });
  }

  update(options: { readonly learningRate: number; readonly beta1?: number }): void {
    this.rates.push(options);
    const rate = options.learningRate / this.#added;
    this.#gradient.forEach((d, i) => this.weights[i]! -= rate * d);
    this.#gradient.fill(0);
    this.#added = 0;
  }

  metrics(): Promise<Measured> {
    const { loss, correct, count } = this.#sums;
    this.#sums = { loss: 0, correct: 0, count: 0 };
    const measured = { loss: loss / count, accuracy: correct / count, count };
    return Promise.resolve({ ...measured, skipped: 0, longest: 0 });
  }

  evaluate(batch: Batch): Promise<Float32Array<ArrayBuffer>> {
    const rows = [...batch.labels.keys()].map((row) => this.#logits(brightness(batch, row)));
    return Promise.resolve(Float32Array.from(rows.flat()));
  }

  #logits(x: number): number[] {
    return Array.from({ length: this.#classes }, (_, k) => {
      return (this.weights[2 * k] ?? NaN) * x + (this.weights[2 * k + 1] ?? NaN);
    });
  }

  #probabilities(x: number): number[] {
    const powers = this.#logits(x).map(Math.exp);
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  }
}

function brightness(batch: Batch, row: number): number {
  const size = batch.images.length / batch.labels.length;
  const pixels = batch.images.subarray(row * size, (row + 1) * size);
  return pixels.reduce((sum, x) => sum + x, 0) / (0.75 * size) / 127.5 - 1;
}
