/** What a person needs beside the weights: classes, and how images are made into numbers. */

import type { Preprocessing } from "../models/mod.ts";

/** A trained model: a checkpoint is one. */
export interface Described {
  /** A name of the registry. */
  readonly model: string;
  /** Names of the classes; the position is the label. */
  readonly classes: readonly string[];
  /** Side of the square the model sees, in pixels. */
  readonly size: number;
  /** Shorter side that an image is resized to before it is cropped, in pixels. */
  readonly resize: number;
  /** How images are resized and normalised. */
  readonly preprocessing: Preprocessing;
}

/**
 * Properties for the metadata of a file; lists are JSON. Images are resized to `resize` pixels on their
 * shorter side, cropped to `size` in the middle, divided by 255; `mean` and `std` are of red, green, blue.
 */
export function describe({ model, classes, size, resize, preprocessing }: Described) {
  const { interpolation, mean, std } = preprocessing;
  return {
    model,
    classes: JSON.stringify(classes),
    resize: String(resize),
    size: String(size),
    crop: "center",
    interpolation,
    mean: JSON.stringify(mean),
    std: JSON.stringify(std),
  };
}
