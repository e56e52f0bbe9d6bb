/** Transforms made of transforms: torchvision's `Compose`, `RandomApply`, `RandomChoice` and `RandomOrder`. */
import type { Size } from "../image.ts";
import type { Random } from "../random.ts";
import { gate, permutation } from "./chance.ts";
import { type Field, field, probability, refuse, steps } from "./fields.ts";
import {
  type Draw,
  type Drawn,
  type Round,
  type Step,
  type Subject,
  type Transform,
  transform,
} from "./transform.ts";

/** Options of {@linkcode compose} and {@linkcode randomOrder}. */
export interface ComposeOptions {
  /** The transforms. */
  readonly transforms: readonly Step[];
}

/** Options of {@linkcode randomApply}. */
export interface RandomApplyOptions extends ComposeOptions {
  /** Probability that all of them happen. Default 0.5. */
  readonly p?: number;
}

/** Options of {@linkcode randomChoice}. */
export interface RandomChoiceOptions extends ComposeOptions {
  /** How probable each is, in any unit. Default null: all the same. */
  readonly p?: readonly number[] | null;
}

/** The steps one after the other, each on what the one before leaves. */
function inOrder(
  all: readonly Step[],
  image: Subject,
  { random, draw }: { readonly random: Random; readonly draw: Draw },
): readonly Drawn[] {
  const drawn: Drawn[] = [];
  for (const step of all) {
    const next = draw(step, image, random);
    drawn.push(...next.drawn);
    image = next.image;
  }
  return drawn;
}

/** The size that all have, if they have one. */
function agreed(sizes: readonly (Size | undefined)[]): Size | undefined {
  const [first] = sizes;
  return sizes.every((s) => s?.width === first?.width && s?.height === first?.height)
    ? first
    : undefined;
}

/** The size after steps one after the other. */
function afterAll(
  size: Size | undefined,
  { transforms }: ComposeOptions,
  after: (step: Step, size: Size | undefined) => Size | undefined,
): Size | undefined {
  return transforms.reduce<Size | undefined>((known, step) => after(step, known), size);
}

/** Number of the choice at a point in [0, 1) among shares of any sum. */
function chosenAt(point: number, shares: readonly number[]): number {
  let rest = point * shares.reduce((a, b) => a + b, 0);
  const found = shares.findIndex((share) => (rest -= share) < 0);
  return found < 0 ? shares.findLastIndex((share) => share > 0) : found;
}

/** Rounds for any one of several lists of operations. */
function oneOf(lists: readonly (readonly Round[])[]): readonly Round[] {
  if (lists.some((rounds) => rounds.some(({ chains }) => chains))) return lists.flat();
  const longest = Math.max(...lists.map((rounds) => rounds.length));
  return Array.from({ length: longest }, (_, i) => ({
    operations: [...new Set(lists.flatMap((rounds) => rounds[i]?.operations ?? []))],
  }));
}

function shares(): Field<readonly number[] | null> {
  return field<readonly number[] | null>(
    "numbers from 0, one for each transform and not all 0, or null,",
    (v) =>
      v === null ||
      Array.isArray(v) && v.every((n) => typeof n === "number" && n >= 0) && v.some((n) => n > 0),
    null,
  );
}

/** torchvision's `Compose`: one after the other. */
export const compose: Transform<ComposeOptions> = transform<ComposeOptions>("Compose", {
  fields: { transforms: steps() },
  operations: [],
  random: true,
  sample: (random, image, { transforms }, draw) => inOrder(transforms, image, { random, draw }),
  resized: afterAll,
  rounds: ({ transforms }, of) => transforms.flatMap(of),
});

/** torchvision's `RandomApply`: all of them or none. */
export const randomApply: Transform<RandomApplyOptions> = transform<RandomApplyOptions>(
  "RandomApply",
  {
    fields: { transforms: steps(), p: probability(0.5) },
    operations: [],
    random: true,
    sample: (random, image, { transforms, p }, draw) =>
      gate(random, p, () => inOrder(transforms, image, { random, draw })),
    resized: (size, options, after) => agreed([size, afterAll(size, options, after)]),
    rounds: ({ transforms }, of) => transforms.flatMap(of),
  },
);

/** torchvision's `RandomChoice`: one of them. */
export const randomChoice: Transform<RandomChoiceOptions> = transform<RandomChoiceOptions>(
  "RandomChoice",
  {
    fields: { transforms: steps(), p: shares() },
    operations: [],
    random: true,
    sample(random, image, { transforms, p }, draw) {
      const i = chosenAt(random(), p ?? transforms.map(() => 1));
      return draw(transforms[i]!, image, random).drawn;
    },
    check({ transforms, p }, at) {
      if (p !== null && p.length !== transforms.length) {
        throw refuse(`${at}.p`, p, `a number for each of ${transforms.length} transforms`);
      }
    },
    resized: (size, { transforms }, after) => agreed(transforms.map((step) => after(step, size))),
    rounds: ({ transforms }, of) => oneOf(transforms.map(of)),
  },
);

/** torchvision's `RandomOrder`: all of them, in any order. */
export const randomOrder: Transform<ComposeOptions> = transform<ComposeOptions>("RandomOrder", {
  fields: { transforms: steps() },
  operations: [],
  random: true,
  sample(random, image, { transforms }, draw) {
    const order = permutation(random, transforms.length);
    return inOrder(order.map((i) => transforms[i]!), image, { random, draw });
  },
  resized: (size, options, after) => {
    const reversed = { transforms: options.transforms.toReversed() };
    return agreed([afterAll(size, options, after), afterAll(size, reversed, after)]);
  },
  rounds: ({ transforms }, of) => transforms.flatMap(() => oneOf(transforms.map(of))),
});
