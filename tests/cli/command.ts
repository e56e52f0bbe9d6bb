/** Runs the real command line in a process of its own. Asserts nothing. */

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Where and how a command runs. */
export interface CommandOptions {
  /** Its working directory. */
  readonly cwd?: string;
  /** Variables beside the inherited ones. */
  readonly env?: Record<string, string>;
}

const CLI = decodeURIComponent(new URL("../../cli.ts", import.meta.url).pathname);

/** `verity …`; colours off, and no weights of earlier downloads unless `env` has a place for them. */
export async function verity(
  args: readonly string[],
  { cwd, env = {} }: CommandOptions = {},
): Promise<Ended> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", CLI, ...args],
    env: { NO_COLOR: "1", HF_HOME: "/nowhere", ...env },
    ...(cwd !== undefined && { cwd }),
  });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** Every path below a directory, sorted. */
export async function tree(dir: string, below = ""): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${dir}/${below}`)) {
    const path = below === "" ? name : `${below}/${name}`;
    paths.push(path);
    if (isDirectory) paths.push(...await tree(dir, path));
  }
  return paths.sort();
}
