/** Disks of a few kilobytes that really fill up: a tmpfs that one script alone sees. Asserts nothing. */

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** What ran on a small disk. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs a shell script in the root of the repository, in which `$DISK` is a folder with a disk of `size`
 * ("64k") of its own that is gone when the script ends; undefined where the machine does not allow that.
 */
export async function onSmallDisk(
  size: string,
  script: string,
  env: Record<string, string> = {},
): Promise<Ran | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const folder = await Deno.makeTempDir({ prefix: "verity-disk-" });
  try {
    const mount = `mount -t tmpfs -o size=${size} verity "$DISK"`;
    const command = new Deno.Command("unshare", {
      args: ["-m", "-r", "sh", "-c", `${mount} || exit 99; ${script}`],
      cwd: ROOT,
      env: { NO_COLOR: "1", HF_HOME: "/nowhere", ...env, DISK: folder, DENO: Deno.execPath() },
    });
    const { code, stdout, stderr } = await command.output();
    if (code === 99) return undefined;
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out: out!, err: err! };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined; // no `unshare` here
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Whether that works here. */
const possible = await onSmallDisk("64k", "true") !== undefined;

/** Registers a test that needs small disks; where they are not allowed it is ignored and its name says so. */
export function smallDiskTest(name: string, run: () => Promise<void>): void {
  Deno.test({
    name: possible ? name : `${name} (skipped: this machine mounts no small disks)`,
    ignore: !possible,
    fn: run,
  });
}
