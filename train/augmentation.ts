/** The device's part of a pipeline in the step program: its graph, and the numbers to feed for a batch. */

import type { Left } from "../data/batch_options.ts";
import type { Division } from "../data/divide.ts";
import type { Size } from "../data/image.ts";
import type { Drawn } from "../data/pipeline.ts";
import { inRounds, roundsOf } from "../data/rounds.ts";
import type { Round } from "../data/transforms/transform.ts";
import { input, type Tensor } from "../engine/graph.ts";
import { part } from "../engine/ops/layout.ts";
import { MIX_NUMBERS, mixBatch } from "../engine/ops/mix_batch.ts";
import { add, mul } from "../engine/ops/pointwise.ts";
import { retouch, wholeLevels } from "../engine/ops/retouch.ts";
import { RETOUCH_NUMBERS } from "../engine/ops/retouch_codes.ts";
import type { ImageChange } from "./session_options.ts";
import { mixNumbers, mixtureOf, needsTables, retouchNumbers } from "./retouches.ts";

/** A round and its numbers: [n, {@linkcode RETOUCH_NUMBERS}], or the weights of a mixture. */
interface FedRound extends Round {
  /** The row at which they begin. */
  readonly row: number;
  /** Those of its chains. */
  readonly inner?: readonly (readonly FedRound[])[];
}

/** Vectors of four in a row. */
const QUADS = RETOUCH_NUMBERS / 4;

/** Gives rounds rows one after the other, beginning at `row`. */
function layOut(
  rounds: readonly Round[],
  n: number,
  row: number,
): { fed: FedRound[]; end: number } {
  const fed = rounds.map((round): FedRound => {
    if (!round.chains) return { ...round, row: (row += n) - n };
    const inner = round.chains.map((chain) => {
      const { fed, end } = layOut(chain, n, row);
      row = end;
      return fed;
    });
    const weights = { ...round, row, inner };
    row += Math.ceil((1 + inner.length) * n / QUADS); // a weight is a vector of its own
    return weights;
  });
  return { fed, end: row };
}

/** The part of a pipeline that a device does. */
export type DevicePart = Pick<Division, "device" | "batch" | "mixed">;

/** What a device does of a pipeline, for `SessionOptions.augment`; undefined where that is nothing. */
export function deviceAugmentation(
  part: DevicePart,
): ((images: Tensor) => ImageChange) | undefined {
  if (part.device.length === 0 && part.mixed !== "device") return undefined;
  return (images) => new Augmentation(images, part);
}

/** What a device does to the images of a batch before the model sees them. */
export class Augmentation implements ImageChange {
  /** The images afterwards, [n, h, w, 3] in [0, 1]. */
  readonly images: Tensor;
  readonly #size: Size;
  readonly #n: number;
  readonly #rounds: readonly FedRound[];
  readonly #numbers: { readonly tensor: Tensor; readonly values: Float32Array } | undefined;
  readonly #mixing: { readonly tensor: Tensor; readonly values: Float32Array } | undefined;
  readonly #mixRounds: readonly Round[];

  /** Captures what `division` leaves to the device, for image bytes [n, h, w, 3]. */
  constructor(images: Tensor, division: DevicePart) {
    const [n, height, width] = images.shape as [number, number, number];
    this.#n = n;
    this.#size = { width, height };
    const rounds = roundsOf(division.device.map(({ step }) => step));
    const { fed, end } = layOut(rounds, n, 0);
    this.#rounds = fed;
    this.#numbers = numbersOf("augmentation", [end, RETOUCH_NUMBERS]);
    const batch = division.mixed === "device" ? division.batch : [];
    this.#mixRounds = roundsOf(batch.map(({ step }) => step));
    this.#mixing = numbersOf("mixing", [this.#mixRounds.length, MIX_NUMBERS]);
    this.images = this.#mixRounds.reduce(
      (x, _, i) => mixBatch(x, part(this.#mixing!.tensor, i * MIX_NUMBERS / 4, [MIX_NUMBERS])),
      this.#capture(images, fed),
    );
  }

  /** What to write for a batch, as {@linkcode ImageChange} says. */
  feeds(left?: Left): readonly (readonly [Tensor, Float32Array])[] {
    const [numbers, mixing] = [this.#numbers, this.#mixing];
    numbers?.values.fill(0);
    mixing?.values.fill(0);
    for (let i = 0; i < this.#n; i++) this.#write(left?.drawn[i] ?? [], this.#rounds, i);
    inRounds(left?.mixing ?? [], this.#mixRounds).forEach((one, i) =>
      mixing!.values.set(one ? mixNumbers(one) : [1], i * MIX_NUMBERS)
    );
    return [numbers, mixing].flatMap((fed) => fed ? [[fed.tensor, fed.values]] : []);
  }

  #capture(images: Tensor, rounds: readonly FedRound[]): Tensor {
    const numbers = this.#numbers?.tensor;
    return rounds.reduce((x, { row, operations, inner }) => {
      if (!inner) {
        const own = part(numbers!, row * QUADS, [this.#n, RETOUCH_NUMBERS]);
        return retouch(x, own, needsTables(operations));
      }
      const weighted = [x, ...inner.map((chain) => this.#capture(x, chain))].map((y, k) =>
        mul(y, part(numbers!, row * QUADS + k * this.#n, [this.#n, 1, 1, 1]))
      );
      return wholeLevels(weighted.reduce((a, b) => add(a, b)));
    }, images);
  }

  /** Writes what happens to image i. */
  #write(drawn: readonly Drawn[], rounds: readonly FedRound[], i: number): void {
    inRounds(drawn, rounds).forEach((one, r) => {
      const { values } = this.#numbers!;
      const { row, inner } = rounds[r]!;
      if (!inner) {
        if (one) values.set(retouchNumbers(one, this.#size), (row + i) * RETOUCH_NUMBERS);
        return;
      }
      const mixture = one && mixtureOf(one);
      const weight = (k: number, w: number) =>
        values[row * RETOUCH_NUMBERS + 4 * (k * this.#n + i)] = w;
      weight(0, mixture?.weight ?? 1);
      mixture?.chains.forEach((chain, k) => {
        weight(k + 1, chain.weight);
        this.#write(chain.drawn, inner[k]!, i);
      });
    });
  }
}

/** An input of `rows` rows and the numbers to write to it; undefined where it has none. */
function numbersOf(label: string, shape: readonly [rows: number, numbers: number]) {
  if (shape[0] === 0) return undefined;
  return { tensor: input(label, shape), values: new Float32Array(shape[0] * shape[1]) };
}
