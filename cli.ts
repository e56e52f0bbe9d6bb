/** The command line: finds the command, runs it, ends with its exit code. Knows no flag. */

import { failureOf, UsageError } from "./cli/errors.ts";
import { nearest } from "./cli/flags.ts";
import { setRuntimeDirectory } from "./cli/machine.ts";

/** Commands by name; each is a module of that name, "_" for "-", in `cli/` with `run(args)`. */
const COMMANDS: Readonly<Record<string, string>> = {
  train: "train a classifier on a folder of images, or on a demo set",
  predict: "write a submission for a folder of images",
  merge: "put the parts of a prediction together",
  eval: "measure a checkpoint on labelled images",
  soup: "average the weights of several runs",
  report: "write the report and the model card of a run anew",
  serve: "show the report of a run in a browser, live while it trains",
  compare: "print runs side by side",
  web: "train and predict in a browser tab",
  export: "write a checkpoint as a file that timm or ONNX Runtime reads",
  models: "list the models and their pretrained tags",
  data: "examine a data set: duplicates, leaks, files that cannot be used",
  augment: "show what is done to training images",
  "lr-find": "suggest a learning rate for a run",
  sweep: "search for good options by training with many",
  schema: "print the schema of train's configuration files",
  golden: "check the device against golden numbers",
  bench: "time a training step, its products, or its peers",
  tune: "find the fastest tiles for this device",
  profile: "show where the time of a training step goes",
  doctor: "look for what keeps this machine from training",
  test: "run every check and test",
};

interface Module {
  run(args: readonly string[]): Promise<number>;
}

/** Runs a command and returns its exit code; what went wrong is one line on standard error. */
async function main([name, ...args]: readonly string[]): Promise<number> {
  try {
    if (name === undefined || name === "help" || name === "--help" || name === "-h") {
      console.log(usage());
      return name === undefined ? 2 : 0;
    }
    if (!Object.hasOwn(COMMANDS, name)) throw unknownCommand(name);
    setRuntimeDirectory();
    const module: Module = await import(`./cli/${name.replaceAll("-", "_")}.ts`);
    return await module.run(args);
  } catch (error) {
    const { message, code } = failureOf(error);
    // A line of progress may stand unfinished where the message goes.
    const clear = Deno.stderr.isTerminal() ? "\r\x1b[2K" : "";
    console.error(`${clear}verity${name === undefined ? "" : ` ${name}`}: ${message}`);
    return code;
  }
}

function usage(): string {
  const rows = Object.entries(COMMANDS).map(([name, does]) => `  ${name.padEnd(9)}${does}`);
  return [
    "Usage: verity <command> [flags]",
    "",
    ...rows,
    "",
    "verity <command> --help lists its flags.",
  ]
    .join("\n");
}

function unknownCommand(name: string): UsageError {
  const near = nearest(name, Object.keys(COMMANDS));
  return new UsageError(
    `unknown command (${
      near === undefined
        ? `one of ${Object.keys(COMMANDS).join(", ")} was needed`
        : `Did you mean ${near}?`
    })`,
  );
}

if (import.meta.main) Deno.exit(await main(Deno.args));
