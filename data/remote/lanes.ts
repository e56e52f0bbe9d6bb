/** A limit on how much is under way at once. Knows not what it is. */

/** Work that waits its turn. */
export class Lanes {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** At most `count` at once. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Does work as soon as there is a lane for it; the first to ask is the first to go. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((go) => this.#waiting.push(go));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
