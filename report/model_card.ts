/** A model card in Markdown, as the Hugging Face Hub reads it: what a run's model is and how good. Reads no file. */

import { SCORES } from "../train/metrics/scores.ts";
import { intervalText, scoreText, shownScores } from "../train/score_tables.ts";
import type { RunData } from "./run.ts";

/** Classes that are listed. */
const CLASSES = 50;

/** The card of a run with a finished epoch. Says where a person has to write; names from files are escaped. */
export function formatModelCard(run: RunData): string {
  const { name, config, sheet, best, data, environment } = run;
  const classes = data?.classes ?? [];
  const scores = sheet
    ? shownScores(sheet.classes.length).map((key) =>
      `| ${SCORES[key].title} | ${scoreText(key, sheet[key])} |`
    )
    : [];
  const interval = sheet && intervalText(sheet);
  const setting = (key: string) => `| ${key} | ${code(JSON.stringify(config[key]))} |`;
  const settings = ["model", "size", "resize", "batch", "epochs", "optimizer", "schedule", "lr"]
    .filter((key) => config[key] !== undefined).map(setting);
  return [
    "---",
    "library_name: timm",
    "tags: [image-classification, timm, verity]",
    "---",
    "",
    `# ${text(name)}`,
    "",
    `${
      text(String(config.model ?? "An image classifier"))
    } for ${classes.length} classes, trained ` +
    "with verity. Weights, class names and preprocessing are in `best.safetensors`; the tensors have " +
    "timm's names.",
    "",
    "## Use",
    "",
    "```sh",
    `deno task predict --checkpoint ${
      shell(`${run.path}/best.safetensors`)
    } --images DIR --out out.csv`,
    `deno task eval --checkpoint ${shell(`${run.path}/best.safetensors`)} --data DIR`,
    `deno task export --checkpoint ${
      shell(`${run.path}/best.safetensors`)
    } --format onnx --out model.onnx`,
    "```",
    "",
    "## Validation",
    "",
    ...sheet && best
      ? [
        `Epoch ${best.epoch}, ${sheet.n} images that were not trained on.` +
        (interval ? ` The AUC's 95 % bootstrap interval is ${interval}.` : ""),
        "",
        "| score | value |",
        "| --- | --- |",
        ...scores,
      ]
      : ["Not measured."],
    "",
    "## Training data",
    "",
    ...data ? [text(data.source), ""] : [],
    "| class | training images | validation images |",
    "| --- | --- | --- |",
    ...classes.slice(0, CLASSES).map((one) =>
      `| ${text(one.name)} | ${one.train} | ${one.validation} |`
    ),
    ...classes.length > CLASSES ? [`| … ${classes.length - CLASSES} more | | |`] : [],
    "",
    "## Training",
    "",
    "| setting | value |",
    "| --- | --- |",
    ...settings,
    "",
    `All settings are in \`config.json\`${
      environment ? `; the machine (${text(adapterOf(environment))}) is in \`env.json\`` : ""
    }.`,
    "",
    "## Intended use, limits and risks",
    "",
    "Not written yet: the program knows no purpose. The numbers above hold for images like those of the " +
    "validation set; other cameras, compressions, persons or manipulations may give worse ones.",
    "",
  ].join("\n");
}

function adapterOf({ adapter }: Readonly<Record<string, unknown>>): string {
  return String((adapter as { readonly name?: string } | undefined)?.name ?? "unknown adapter");
}

/** Text that Markdown and the HTML in it take as text. */
function text(value: string): string {
  return value.replace(/[\\`*_{}[\]<>()#+!|~&$-]/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replaceAll(/\s+/g, " ");
}

/** Text between backquotes within a table. */
function code(value: string): string {
  return `\`${value.replaceAll("`", "'").replaceAll("|", "\\|")}\``;
}

/** A word of a command line, on one line whatever is in it. */
export function shell(word: string): string {
  if (/\p{Cc}/u.test(word)) return `$'${word.replace(/[\\'\p{Cc}]/gu, escapedSign)}'`;
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A sign, byte by byte, as bash and zsh have it between $' and '. */
function escapedSign(sign: string): string {
  return [...new TextEncoder().encode(sign)]
    .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
