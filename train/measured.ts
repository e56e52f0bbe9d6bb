/** What a session says of the steps it took. Measures nothing. */

/** What steps amount to since this was last asked. */
export interface Measured {
  /** The mean of the batches whose steps were taken; NaN where there is none. */
  readonly loss: number;
  /** Share of the images whose largest logit is the right one. */
  readonly accuracy: number;
  /** Images of the steps that were taken. */
  readonly count: number;
  /** Steps that changed nothing, because their loss or gradients were not finite. */
  readonly skipped: number;
  /** The most of them in a row; of halves, those that a smaller scale of the loss would not help. */
  readonly longest: number;
  /** Where activations are kept as halves. */
  readonly scaling?: {
    /** What the loss is multiplied by now while it is differentiated. */
    readonly lossScale: number;
  };
}
