/** A pipeline of transforms as plain data: read, checked, and drawn for one image. Changes no pixels. */
import type { Size } from "./image.ts";
import { nearest } from "../models/nearest.ts";
import { type Random, stream } from "./random.ts";
import { PipelineError, type Reading, refuse, type RunImages } from "./transforms/fields.ts";
import { type AnyTransform, TRANSFORMS } from "./transforms/mod.ts";
import { labelAfter, resizedBy } from "./transforms/operations.ts";
import type { Drawn, Step, Subject } from "./transforms/transform.ts";

export { PipelineError, type RunImages } from "./transforms/fields.ts";
export type { Drawn, Step, Subject } from "./transforms/transform.ts";

/** Steps in order, as {@linkcode readPipeline} leaves them: known, with every option given. */
export type Pipeline = readonly Step[];

/** The rules of a step that has been read. */
export function rulesOf({ name }: Step): AnyTransform {
  const rules = TRANSFORMS.get(name);
  if (rules === undefined) throw new TypeError(`Cannot use "${name}": it is no transform`);
  return rules;
}

/** The size of all images after a step, undefined where they differ. */
export function sizeAfter(step: Step, size: Size | undefined): Size | undefined {
  const rules = rulesOf(step);
  return rules.resized ? rules.resized(size, step.options ?? {}, sizeAfter) : size;
}

/** The steps in a container; none for other transforms. */
export function stepsIn({ options }: Step): readonly Step[] {
  const { transforms } = options ?? {};
  return Array.isArray(transforms) ? transforms : [];
}

/** Whether a step mixes images of a batch; a container does where what it holds does. */
export function mixesBatch(step: Step): boolean {
  return rulesOf(step).batch === true || stepsIn(step).some(mixesBatch);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Throws for a name that is none of `known`. */
function requireKnown(
  at: string,
  given: string,
  { known, what }: { readonly known: readonly string[]; readonly what: string },
): void {
  if (known.includes(given)) return;
  const words = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const near = known.find((name) => words(name) === words(given)) ??
    known.find((name) => words(name) === `random${words(given)}`) ?? nearest(given, known);
  const hint = near === undefined ? `one of ${known.join(", ")}` : `did you mean ${near}?`;
  throw new PipelineError(`Cannot read ${at}: "${given}" is no ${what} (${hint})`);
}

function readStep(value: unknown, at: string, reading: Reading): Step {
  if (!isRecord(value)) throw refuse(at, value, 'an object such as {"name": "Resize"}');
  const { name, options = {}, ...rest } = value;
  const extra = Object.keys(rest)[0];
  if (extra !== undefined) {
    throw new PipelineError(
      `Cannot read ${at}.${extra}: a transform has a name and options, nothing else was needed`,
    );
  }
  if (typeof name !== "string") throw refuse(`${at}.name`, name, "the name of a transform");
  if (name === "Normalize") {
    throw new PipelineError(
      `Cannot read ${at}.name: the model normalizes on the device, no Normalize was needed`,
    );
  }
  requireKnown(`${at}.name`, name, { known: [...TRANSFORMS.keys()], what: "transform" });
  if (!isRecord(options)) throw refuse(`${at}.options`, options, "an object");
  const rules = TRANSFORMS.get(name)!;
  const known = Object.keys(rules.fields);
  for (const key of Object.keys(options)) {
    requireKnown(`${at}.options.${key}`, key, { known, what: `option of ${name}` });
  }
  const read = Object.fromEntries(
    Object.entries(rules.fields).map(([key, field]) => [
      key,
      field.read(options[key], `${at}.options.${key}`, reading),
    ]),
  );
  rules.check?.(read, `${at}.options`);
  return { name, options: read };
}

/** Throws unless steps that mix images of a batch come last, and containers hold one kind. */
function requireBatchLast(steps: readonly Step[], at: string): void {
  steps.forEach((step, i) => {
    const inner = stepsIn(step);
    if (inner.some(mixesBatch) && !inner.every(mixesBatch)) {
      throw new PipelineError(
        `Cannot read ${at}[${i}].options.transforms: some mix images of a batch and some change ` +
          "one image, transforms of one kind were needed",
      );
    }
    if (i > 0 && mixesBatch(steps[i - 1]!) && !mixesBatch(step)) {
      throw new PipelineError(
        `Cannot read ${at}[${i}]: ${step.name} stands after ${steps[i - 1]!.name}, which mixes ` +
          "images of a batch; such transforms were needed at the end",
      );
    }
  });
}

/**
 * Reads a pipeline: a list of `{ "name": …, "options": { … } }`. Options that are left out get their
 * defaults, sizes those of the run; all images must end with the size that the model sees. Throws
 * {@linkcode PipelineError}, which says where the mistake is: `augment[2].options.sigma`.
 */
export function readPipeline(value: unknown, run: RunImages, at = "augment"): Pipeline {
  const steps = (list: unknown, where: string): readonly Step[] => {
    if (!Array.isArray(list)) throw refuse(where, list, "a list of transforms");
    return list.map((step, i) => readStep(step, `${where}[${i}]`, reading));
  };
  const reading: Reading = { ...run, steps };
  const pipeline = steps(value, at);
  requireBatchLast(pipeline, at);
  let size: Size | undefined;
  for (const step of pipeline) size = sizeAfter(step, size);
  if (size?.width !== run.size || size.height !== run.size) {
    const found = size ? `${size.width} × ${size.height}` : "different sizes";
    throw new PipelineError(
      `Cannot use ${at}: its images end with ${found}, ${run.size} × ${run.size} was needed, as ` +
        `from RandomResizedCrop, or from Resize and then RandomCrop or CenterCrop`,
    );
  }
  return pipeline;
}

/** A step and the number of its own random numbers. */
export interface Placed {
  /** The step. */
  readonly step: Step;
  /** How many steps before it draw random numbers. */
  readonly position: number;
}

/** Numbers the steps that make random choices. */
export function placed(pipeline: Pipeline): readonly Placed[] {
  let position = 0;
  return pipeline.map((step) => ({ step, position: rulesOf(step).random ? position++ : position }));
}

/** What was chosen for an image, and what it is afterwards. */
export interface Choice {
  /** Operations in order. */
  readonly drawn: readonly Drawn[];
  /** The image after them. */
  readonly image: Subject;
}

function drawStep(step: Step, image: Subject, random: Random): Choice {
  const drawn = rulesOf(step).sample(random, image, step.options ?? {}, drawStep);
  if (mixesBatch(step)) return { drawn, image };
  let after = image;
  for (const one of drawn) {
    const label = labelAfter(image.label ?? -1, one);
    after = { ...after, ...resizedBy(after, one), ...(label >= 0 && { label }) };
  }
  return { drawn, image: after };
}

/**
 * Chooses for one image: every choice is a function of the keys and the place of its step, so that the
 * order in which images are worked on, and by how many workers, changes nothing.
 */
export function draw(steps: readonly Placed[], keys: readonly number[], image: Subject): Choice {
  const drawn: Drawn[] = [];
  for (const { step, position } of steps) {
    const next = drawStep(step, image, stream(position, ...keys));
    drawn.push(...next.drawn);
    image = next.image;
  }
  return { drawn, image };
}
