/** Every parser that meets files of others. */
import { pictureTargets } from "./pictures.ts";
import { runTargets } from "./runs.ts";
import { tableTargets } from "./tables.ts";
import type { Target } from "./verdict.ts";
import { weightTargets } from "./weights.ts";

/** The parsers, by the names that `deno task fuzz` knows them by. */
export const TARGETS: readonly Target[] = [
  ...weightTargets,
  ...runTargets,
  ...tableTargets,
  ...pictureTargets,
];
