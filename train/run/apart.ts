/** A session of a rank that takes steps apart from the others and meets them every so many. Saves nothing. */

import type { Rates } from "../../engine/optim/optimizer.ts";
import { fromFloats, toFloats, type Weight } from "../../models/safetensors.ts";
import type { Trainable } from "../fit.ts";
import { LocalSteps } from "../local_steps.ts";
import { gatherNumbers, localRanks, type Ranks } from "../ranks.ts";
import { SCALE_ENTRY } from "../scaling.ts";
import type { Session } from "../session.ts";
import type { Examples } from "../session_options.ts";
import { TALLY_ENTRY } from "../tally.ts";
import type { Measured } from "../measured.ts";
import type { RunJob } from "./job.ts";

/** States that are each rank's own: what it counted, and what its halves bear. */
const OWN = [TALLY_ENTRY, SCALE_ENTRY];

/** What is asked of all ranks is asked as often on each of them. */
export class Apart implements Trainable {
  readonly #session: Session;
  readonly #ranks: Ranks;
  readonly #every: number;
  #local: LocalSteps;

  private constructor(session: Session, ranks: Ranks, { every, local }: {
    readonly every: number;
    readonly local: LocalSteps;
  }) {
    this.#session = session;
    this.#ranks = ranks;
    this.#every = every;
    this.#local = local;
  }

  /** Begins from the weights of a session, which those of all ranks are; undefined where steps are taken together. */
  static async begin(
    session: Session,
    { flags: { syncEvery: every }, ranks = localRanks(1)[0]! }: Pick<RunJob, "flags" | "ranks">,
    states?: ReadonlyMap<string, Weight>,
  ): Promise<Apart | undefined> {
    if (every === undefined) return undefined;
    const local = await LocalSteps.begin(session, ranks, { every }, states);
    return new Apart(session, ranks, { every, local });
  }

  /** Begins anew from what the session has been put back to. */
  async restart(states: ReadonlyMap<string, Weight> | undefined): Promise<void> {
    const options = { every: this.#every };
    this.#local = await LocalSteps.begin(this.#session, this.#ranks, options, states);
  }

  /** States of the outer step, to be saved with those of the optimizer. */
  get states(): Map<string, Weight> {
    return this.#local.states;
  }

  /** See `Session`. */
  async step(examples: Examples, rates: Rates): Promise<void> {
    await this.#session.step(examples, rates);
    await this.#local.stepped();
  }

  /** See `Session`. */
  accumulate(examples: Examples): void | Promise<void> {
    return this.#session.accumulate(examples);
  }

  /** See `Session`. */
  async update(rates: Rates): Promise<void> {
    await this.#session.update(rates);
    await this.#local.stepped();
  }

  /** See `Session`. */
  evaluate(...args: Parameters<Session["evaluate"]>): ReturnType<Session["evaluate"]> {
    return this.#session.evaluate(...args);
  }

  /** Of the images of all ranks; of steps that were left out, those of the rank that left out most. */
  async metrics(): Promise<Measured> {
    const own = await this.#session.metrics();
    const { loss, accuracy, count, skipped, longest, scaling } = own;
    const all = await gatherNumbers(this.#ranks, [count, loss, accuracy, skipped, longest]);
    const images = all.reduce((sum, [n]) => sum + n!, 0);
    const lossSum = all.reduce((sum, [n, mean]) => n === 0 ? sum : sum + n! * mean!, 0);
    return {
      loss: lossSum / images,
      accuracy: all.reduce((sum, row) => sum + row[2]!, 0) / all.length,
      count: images,
      skipped: Math.max(...all.map((row) => row[3]!)),
      longest: Math.max(...all.map((row) => row[4]!)),
      ...(scaling && { scaling }),
    };
  }

  /**
   * Meets where a step was taken since, and gives all ranks the mean of their optimizers' states, so that what one of them
   * saves is what each of them goes on with.
   */
  async settle(): Promise<void> {
    if (this.#local.since === 0 && this.#settled === this.#session.stepsDone) return;
    if (this.#local.since > 0) await this.#local.meet();
    const states = await this.#session.readOptimizer();
    for (const [name, { dtype, shape, data }] of states) {
      if (dtype !== "F32" || OWN.includes(name)) continue;
      const numbers = toFloats({ dtype, shape, data }).slice();
      await this.#ranks.allReduce(numbers);
      states.set(name, fromFloats(shape, numbers.map((x) => x / this.#ranks.size)));
    }
    this.#session.writeOptimizer(states, this.#session.stepsDone);
    this.#settled = this.#session.stepsDone;
  }

  /** The step at which states were last the same on all ranks. */
  #settled = -1;

  /** What meetings cost beside sums at every step, in one sentence. */
  describe(mebibytes: (bytes: number) => string): string {
    const { sent, otherwise } = this.#local.bytes(this.#every);
    return `Ranks meet every ${this.#every} steps, and at the end of each epoch: ${
      mebibytes(sent)
    } ` +
      `of weights each time, in place of ${mebibytes(otherwise)} of gradients`;
  }
}
