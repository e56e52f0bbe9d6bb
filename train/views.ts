/** Test-time augmentation: which views of an image a prediction is the mean of. Makes no pixels. */

import type { LoaderOptions } from "../data/loader.ts";
import { type Pipeline, readPipeline, type RunImages } from "../data/pipeline.ts";
import {
  centerCrop,
  fiveCrop,
  randomHorizontalFlip,
  resize,
  tenCrop,
} from "../data/transforms/mod.ts";
import type { Step } from "../data/transforms/transform.ts";

/** How a loader shows each image once. */
export type View = Pick<LoaderOptions, "pass"> & { readonly augment?: Pipeline };

/** Forms that are the same every time: after the usual resize, with what the first is and how many there are. */
const FORMS = {
  /** The middle and its mirror image. */
  "hflip": [undefined, [centerCrop(), randomHorizontalFlip({ p: 1 })]],
  /** torchvision's `FiveCrop`: four corners and the middle. */
  "five-crop": Array<Step[]>(5).fill([fiveCrop()]),
  /** torchvision's `TenCrop`: the same, then those of the mirror image. */
  "ten-crop": Array<Step[]>(10).fill([tenCrop()]),
} as const satisfies Readonly<Record<string, readonly (readonly Step[] | undefined)[]>>;

/** Names of the forms that choose nothing at random. */
export type ViewForm = keyof typeof FORMS;

/** All of them. */
export const VIEW_FORMS = Object.keys(FORMS) as readonly ViewForm[];

/** The plain view: the middle, as in evaluation. */
export const PLAIN: readonly View[] = [{}];

/** The views of a form, of images that are resized as `run` says. */
export function viewsOf(form: ViewForm, run: RunImages): readonly View[] {
  return FORMS[form].map((steps, i) =>
    steps ? { pass: i + 1, augment: readPipeline([resize(), ...steps], run, form) } : {}
  );
}

/** So many views that `augment` makes at random, each a function of the seed, its number and the image. */
export function passesOf(count: number, augment: Pipeline): readonly View[] {
  return Array.from({ length: count }, (_, i) => ({ pass: i + 1, augment }));
}
