/** `models`: the registry as a table: what each model costs, sees, and which published weights it has. */

import { modelCost } from "../models/cost.ts";
import { modelInfo, modelNames } from "../models/mod.ts";
import { type CommonFlags, newCommand, parseFlags } from "./flags.ts";

/** Lists the models and returns the exit code. */
export function run(args: readonly string[]): Promise<number> {
  const command = newCommand(
    "models",
    "Lists the models: parameters and multiply-adds for 1000 classes, pixels, pretrained tags.",
  );
  const parsed = parseFlags<CommonFlags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return Promise.resolve(0);
  }
  if (!parsed.flags.json) console.log("model                  parameters    GMAC  pixels  tags");
  for (const model of modelNames) {
    const { build, size, pretrained } = modelInfo(model);
    const { parameters, multiplyAdds } = modelCost(build({ classes: 1000 }), size);
    if (parsed.flags.json) {
      const row = { event: "model", model, parameters, "multiply_adds": multiplyAdds, size };
      console.log(JSON.stringify({ ...row, pretrained }));
      continue;
    }
    const columns = [
      model.padEnd(23),
      `${(parameters / 1e6).toFixed(1)} M`.padStart(10),
      (multiplyAdds / 1e9).toFixed(3).padStart(8),
      String(size).padStart(8),
    ];
    const tags = pretrained.length ? tagLines(pretrained.map(({ tag }) => tag)) : "(none)";
    console.log(`${columns.join("")}  ${tags}`);
  }
  return Promise.resolve(0);
}

/** Tags in lines that end before column 100 and continue under the first. */
function tagLines(tags: readonly string[]): string {
  const lines: string[] = [];
  for (const tag of tags) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + tag.length < 47) lines.splice(-1, 1, `${last} ${tag}`);
    else lines.push(tag);
  }
  return lines.join(`\n${" ".repeat(51)}`);
}
