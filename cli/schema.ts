/** `schema`: writes the schema of configuration files, for editors. Reads none. */

import { configSchema } from "./config.ts";
import { newCommand, parseFlags } from "./flags.ts";
import { trainCommand } from "./train_flags.ts";

/** Prints the schema and returns the exit code. */
export function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(
    newCommand("schema", "Prints the JSON Schema of the files that train --config takes."),
    args,
  );
  const schema = configSchema(trainCommand(), "Options of verity train");
  console.log("help" in parsed ? parsed.help : JSON.stringify(schema, undefined, 2));
  return Promise.resolve(0);
}
