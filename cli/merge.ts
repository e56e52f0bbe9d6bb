/** `merge`: parts that `predict --shard` wrote, checked and put together as one submission. */

import { type Files, join } from "../data/files.ts";
import { mergeParts, type NamedPart } from "../train/merge.ts";
import { isPartName, parsePart } from "../train/part.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { type CommonFlags, newCommand, parseFlags } from "./flags.ts";
import { terminalReporter } from "./machine.ts";
import { type ExplainFlag, requireTable, withExplainFlag, writeSubmission } from "./submission.ts";

/** The command with its flags. */
export const mergeCommand = () =>
  withExplainFlag(
    newCommand(
      "merge",
      "Puts the parts that predict --shard wrote together: the file that one process would have written. " +
        "Every part has to be there once, and of the same images, checkpoints and options.",
    ).argument("[out]", "the submission to write")
      .argument("[parts...]", "parts, or folders of them"),
  );

/** Merges as the flags say and returns the exit code. The submission appears whole or not at all. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = mergeCommand();
  const parsed = parseFlags<CommonFlags & ExplainFlag>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { json, explain } = parsed.flags;
  const [out, ...places] = reader.args;
  if (out === undefined || places.length === 0) {
    throw new UsageError(
      "Cannot merge: a file to write, then parts or a folder of them, were needed",
    );
  }
  const format = await requireTable(files, out);
  const report = terminalReporter(json === true);
  const parts: NamedPart[] = [];
  for (const path of await pathsOf(files, places)) {
    parts.push({ path, part: await parsePart(await files.read(path), path) });
  }
  const { plan, names, predictions, devices } = await mergeParts(parts);
  if (devices.length > 1) {
    const text =
      `parts were computed by ${devices.join(", ")}: the last bits of numbers may differ ` +
      "from those that one of them alone would give";
    report({ event: "warning", text });
  }
  const { average, classes: classNames, sample } = plan;
  const answers = { names, predictions, average, classNames, sample, report };
  const range = await writeSubmission(files, { out, format }, {
    ...answers,
    ...(explain !== undefined && { explain }),
  });
  report({ event: "merge", out, parts: parts.length, n: names.length, ...range });
  return 0;
}

/** The files that are named, and those that are parts by their names in folders that are. */
async function pathsOf(files: Files, places: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const place of places) {
    const kind = await files.kind(place);
    if (kind === "none") {
      throw new UsageError(`Cannot merge "${place}": it does not exist, parts were needed`);
    }
    if (kind === "file") {
      paths.push(place);
      continue;
    }
    const found = (await files.list(place)).filter(({ name }) => isPartName(name));
    if (found.length === 0) {
      throw new UsageError(`Cannot merge "${place}": no part is in it, parts were needed`);
    }
    paths.push(...found.map(({ name }) => join(place, name)));
  }
  return paths;
}
