/** A command as one of several ranks: joined, ended together, also where one of them fails. Knows no command. */

import { failureOf } from "../errors.ts";
import { type OpenRanks, openRanks } from "./ranks.ts";

/** Milliseconds for which others let rank 0 speak first, which may have the same to say of what fails on all. */
const DEFERENCE = 1500;

/** Does the work of a command as one of the ranks that a launcher started, or alone, and returns its exit code. */
export async function asRanks(
  name: string,
  work: (ranks: OpenRanks) => Promise<number>,
): Promise<number> {
  const ranks = openRanks();
  if (ranks.size === 1) return await work(ranks);
  try {
    const code = await work(ranks);
    await ranks.close();
    return code;
  } catch (error) {
    if (ranks.rank !== 0) await new Promise((resolve) => setTimeout(resolve, DEFERENCE));
    const { message, code } = failureOf(error);
    return ranks.abort(`verity ${name}: rank ${ranks.rank}: ${message}`, code);
  }
}
