/** Pace: into how many submits a run is divided, so that none keeps a device longer than its watchdog waits. */

/** Seconds that a submit should take at most: Windows resets a device after 2, Chrome after 10. */
const LONGEST = 0.5;

/** Dispatches of a submit while nothing is known of a device. */
const CAUTIOUS = 64;

/** Runs that are timed: the first may wait for a driver that still compiles. */
const TIMED = 3;

/** Where the submits of the runs of one program end. */
export class Pace {
  #ends: readonly number[];
  #timed = 0;

  /** For dispatches that cost `costs`, in any unit. Where there is no watchdog, a run is one submit. */
  constructor(readonly costs: readonly number[], readonly watched: boolean) {
    this.#ends = watched ? divide(costs.map(() => 1), costs.length / CAUTIOUS) : [costs.length];
  }

  /** Where each submit ends, counted in dispatches. */
  get ends(): readonly number[] {
    return this.#ends;
  }

  /** Whether it wants to know how long the next run takes. */
  get asks(): boolean {
    return this.watched && this.#timed < TIMED;
  }

  /** A run took so many seconds. */
  took(seconds: number): void {
    this.#timed++;
    this.#ends = divide(this.costs, seconds / LONGEST);
  }
}

/** Ends of `count` stretches of `costs`, rounded up, that cost about the same. */
function divide(costs: readonly number[], count: number): number[] {
  const total = costs.reduce((a, b) => a + b, 0);
  const share = total / Math.max(1, Math.ceil(count));
  const ends: number[] = [];
  let [sum, limit] = [0, share];
  costs.forEach((cost, i) => {
    sum += cost;
    if (sum < limit * (1 - 1e-9) || i === costs.length - 1) return;
    ends.push(i + 1);
    limit = sum + (total - sum) / Math.max(1, Math.round((total - sum) / share));
  });
  return [...ends, costs.length];
}
