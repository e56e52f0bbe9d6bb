/** Where reference numbers and real images are, if they are there. Tests that need them are skipped without. */

/** The absolute path of a file or folder of the reference material, undefined when it is not there. */
export function shared(path: string): string | undefined {
  const url = new URL(`../../shared/${path}`, import.meta.url);
  try {
    Deno.statSync(url);
    return decodeURIComponent(url.pathname);
  } catch {
    return undefined;
  }
}
