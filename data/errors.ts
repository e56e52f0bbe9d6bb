/** The errors of this room: what is wrong with a person's data. Not for wrong options. */

/** The data cannot be used as it is: the message is one sentence that names the file. */
export class DataError extends Error {
  /** Tells it from other errors. */
  override readonly name = "DataError";
  /** What a command that meets this error exits with. */
  readonly exitCode = 3;
}

/** The data cannot be reached now, which is the fault of none of it: the message is one sentence that names the place. */
export class UnreachableError extends Error {
  /** Tells it from other errors. */
  override readonly name = "UnreachableError";
  /** What a command that meets this error exits with. */
  readonly exitCode = 8;
}
