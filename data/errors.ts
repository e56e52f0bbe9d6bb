/** The error of this room: what is wrong with a person's data. Not for wrong options. */

/** The data cannot be used as it is: the message is one sentence that names the file. */
export class DataError extends Error {
  /** Tells it from other errors. */
  override readonly name = "DataError";
  /** What a command that meets this error exits with. */
  readonly exitCode = 3;
}
