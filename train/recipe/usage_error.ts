/** What is said of options that cannot be, and what their flags are called. Checks none. */

/** Options ask for something that cannot be: the message names the flag. */
export class UsageError extends Error {
  /** Tells it from other errors. */
  override readonly name = "UsageError";
}

/** An option's name as its flag has it: `label-smoothing` for `labelSmoothing`. */
export function flagName(attribute: string): string {
  return attribute.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
