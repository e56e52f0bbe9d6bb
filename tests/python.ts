/** Python and packages of it, where they are installed; `PYTHON` names another one. Asserts nothing. */

/** The program. */
export const PYTHON = Deno.env.get("PYTHON") ?? "python3";

/** Runs Python to its end. */
export async function python(
  ...args: string[]
): Promise<{ success: boolean; out: string; err: string }> {
  const command = new Deno.Command(PYTHON, {
    args,
    env: { PYTHONDONTWRITEBYTECODE: "1" },
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { success, out: text.decode(stdout), err: text.decode(stderr) };
}

/** Whether Python has a package. */
export async function hasPackage(name: string): Promise<boolean> {
  return (await python("-c", `import ${name}`).catch(() => undefined))?.success === true;
}
