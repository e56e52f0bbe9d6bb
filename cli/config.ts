/** The options of a command as a JSON file: its schema, and its mistakes by line and column. Knows no option itself. */

import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc";
import type { Option } from "flags";
import { InvalidArgumentError } from "flags";
import { UsageError } from "./errors.ts";
import { ONCE } from "./run_flags.ts";
import { type Command, nearest, type ReadValue, type ValueSchema } from "./flags.ts";

/** Most values that one may lie in: nobody writes more by hand. */
const DEEPEST = 100;

/** What a saved configuration tells beside options: how its pipeline was resolved, and which images it had. */
const TOLD: Readonly<Record<string, string>> = {
  "$schema": "where editors find this schema",
  pipeline: "what `augment` amounted to; written by a run, not read",
  sizesOfFiles: "SHA-256 of the sizes of the image files; written by a run, not read",
  fingerprint: "SHA-256 of names and labels of the images; written by a run, not read",
  teacher: "SHA-256 of the file that `distill` names; written by a run, not read",
};

/** The options of `command` by their names in a file: `labelSmoothing` for `--label-smoothing`. */
function optionsOf(command: Command): Map<string, readonly Option[]> {
  const all = Map.groupBy(command.options, (option) => option.attributeName());
  return new Map([...all].filter(([name]) => !(ONCE as readonly string[]).includes(name)));
}

/** What a value of an option may be. */
function schemaOf(options: readonly Option[]): ValueSchema {
  const schemas = options.map((option): ValueSchema => {
    if (option.isBoolean() || option.negate) return { type: "boolean" };
    if (option.parseArg === undefined) return { type: "string" };
    return (option.parseArg as { schema?: ValueSchema }).schema ?? { type: ["string", "number"] };
  });
  if (options.some(({ optional }) => optional)) schemas.push({ type: "boolean" });
  const [only] = schemas;
  return schemas.length === 1 && only
    ? only
    : { anyOf: schemas.filter((s, i) => schemas.findIndex((t) => t.type === s.type) === i) };
}

/** The JSON Schema of configuration files of `command`, for editors. */
export function configSchema(command: Command, title: string): Record<string, unknown> {
  const options = [...optionsOf(command)].map(([name, options]) => {
    const [first] = options;
    const value = first?.defaultValueDescription === undefined ? first?.defaultValue : undefined;
    const description = first?.description ?? "";
    return [name, {
      description,
      ...schemaOf(options),
      ...(value !== undefined && { default: value }),
    }];
  });
  const told = Object.entries(TOLD).map(([name, description]) => [name, { description }]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries([...options, ...told]),
  };
}

/** An option's value as JSON has it, as the flag's own reader would have read it. */
export function readOption(option: Option, value: unknown): unknown {
  const read = option.parseArg as ReadValue<unknown> | undefined;
  if (typeof value === "boolean") return value;
  const texts = [value].flat();
  const plain = texts.every((text) => typeof text === "string" || typeof text === "number");
  if (!plain || read === undefined) return value;
  return texts.reduce<unknown>((before, text) => read(String(text), before), undefined);
}

/** Says of a place in a file what is wrong there. */
export type Refuse = (node: Pick<Node, "offset">, reason: string) => UsageError;

/** A file of JSON as nodes that know their place. Throws UsageError, with line and column, for what is none. */
export function parseConfig(
  text: string,
  path: string,
): { readonly root: Node; readonly refuse: Refuse } {
  const refuse: Refuse = ({ offset }, reason) => {
    const before = text.slice(0, offset).split("\n");
    const place = `${path}:${before.length}:${before.at(-1)!.length + 1}`;
    return new UsageError(`Cannot read ${place}: ${reason}`);
  };
  const deep = tooDeep(text);
  if (deep !== undefined) {
    throw refuse({ offset: deep }, `values lie in more than ${DEEPEST} others, fewer were needed`);
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true });
  const [wrong] = errors;
  if (wrong) {
    const words = printParseErrorCode(wrong.error).replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ");
    throw refuse(wrong, `${words.toLowerCase()}, JSON was needed`);
  }
  if (!root) throw refuse({ offset: 0 }, "it is empty, JSON was needed");
  return { root, refuse };
}

/** Where brackets are nested too deeply for a parser that calls itself; undefined where they are not. */
function tooDeep(text: string): number | undefined {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\\n]|\\.)*"?|[[{]|[\]}]/g)) {
    if (/^[[{]/.test(token) && ++depth > DEEPEST) return index;
    if (/^[\]}]/.test(token)) depth--;
  }
  return undefined;
}

/** The members of an object, each once. Throws UsageError for another node, and for a name that comes again. */
export function membersOf(
  node: Node,
  { refuse, what }: { readonly refuse: Refuse; readonly what: string },
): { readonly name: string; readonly key: Node; readonly value: Node }[] {
  if (node.type !== "object") throw refuse(node, `an object of ${what} was needed`);
  const names = new Set<string>();
  return (node.children ?? []).map(({ children: [key, value] = [] }) => {
    const name: string = key!.value;
    if (names.has(name)) throw refuse(key!, `"${name}" stands here again, once was needed`);
    names.add(name);
    return { name, key: key!, value: value! };
  });
}

/**
 * The options in the text of a configuration file of `command`, read as its flags are. Throws UsageError, with
 * line and column, for what is no JSON, for an option there is not, with the nearest, and for a value that its
 * flag would not take.
 */
export function readConfig(
  command: Command,
  { text, path }: { readonly text: string; readonly path: string },
): Map<string, unknown> {
  const { root, refuse } = parseConfig(text, path);
  return readOptions(command, root, refuse);
}

/** The options that are the members of a node. Throws as {@linkcode readConfig} does. */
export function readOptions(command: Command, node: Node, refuse: Refuse): Map<string, unknown> {
  const read = optionReader(command, refuse);
  const members = membersOf(node, { refuse, what: "options" })
    .filter(({ name, value }) => !Object.hasOwn(TOLD, name) && value.type !== "null");
  return new Map(members.map(({ name, key, value }) => [name, read(name, key)(value)]));
}

/** What reads values of an option, named at `key`. Throws UsageError for an option there is not. */
export function optionReader(
  command: Command,
  refuse: Refuse,
): (name: string, key: Node) => (value: Node) => unknown {
  const known = optionsOf(command);
  return (name, key) => {
    const options = known.get(name);
    if (!options) throw refuse(key, unknown(name, [...known.keys()]));
    return (value) => valueOf(value, options, (reason) => refuse(value, `"${name}" ${reason}`));
  };
}

function unknown(name: string, known: readonly string[]): string {
  const camel = name.replace(/^-+/, "").replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase());
  const near = nearest(camel, known);
  return `there is no option "${name}", ` +
    (near === undefined ? `one of ${known.join(", ")} was needed` : `did you mean "${near}"?`);
}

function valueOf(
  node: Node,
  options: readonly Option[],
  refuse: (reason: string) => UsageError,
): unknown {
  const value = plain(node);
  const schema = schemaOf(options);
  if (!accepts(schema, value)) {
    throw refuse(`is ${JSON.stringify(value)}, ${words(schema)} was needed`);
  }
  try {
    return readOption(options.find(({ negate }) => !negate) ?? options[0]!, value);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const { message } = error;
    const needed = message[0]!.toLowerCase() + message.slice(1).replace(/\.$/, "");
    throw refuse(`is ${JSON.stringify(value)}, ${needed}`);
  }
}

/** The value that a node stands for. */
export function plain(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(plain);
  if (node.type !== "object") return node.value;
  return Object.fromEntries(
    (node.children ?? []).map(({ children: [key, value] = [] }) => [key!.value, plain(value!)]),
  );
}

/** Whether a value is of the kind a schema says; its range is the reader's business. */
function accepts(schema: ValueSchema, value: unknown): boolean {
  if (schema.anyOf) return schema.anyOf.some((one) => accepts(one, value));
  // A word that is none of them is the reader's business too: it knows the nearest.
  if (schema.enum) return typeof value === "string";
  if (Array.isArray(value) && schema.items) {
    return value.every((one) => accepts(schema.items!, one));
  }
  const kind = Array.isArray(value) ? "array" : typeof value;
  return [schema.type ?? kind].flat().some((type) =>
    type === kind || type === "integer" && kind === "number"
  );
}

function words({ anyOf, enum: names, type }: ValueSchema): string {
  if (anyOf) return anyOf.map(words).join(" or ");
  if (names) return `one of ${names.join(", ")}`;
  const known: Readonly<Record<string, string>> = {
    integer: "a whole number",
    number: "a number",
    string: "a text",
    boolean: "true or false",
    array: "a list",
    object: "an object",
  };
  return [type ?? "object"].flat().map((name) => known[name] ?? name).join(" or ");
}

/**
 * Gives `command`, which has read its command line, the options of the file: what the command line says stays, in
 * place of all `alternatives` to it. Throws as {@linkcode readConfig} does, and UsageError where there is no such file.
 */
export function applyConfig(
  command: Command,
  path: string,
  alternatives: readonly (readonly string[])[] = [],
): void {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw new UsageError(
      `Cannot read --config "${path}": ${(error as Error).message}, a JSON file was needed`,
    );
  }
  const said = (name: string) => command.getOptionValueSource(name) === "cli";
  const replaced = alternatives.filter((names) => names.some(said)).flat();
  for (const [name, value] of readConfig(command, { text, path })) {
    if (said(name) || replaced.includes(name)) continue;
    command.setOptionValueWithSource(name, value, "config");
  }
}
