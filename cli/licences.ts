/** The licences of packages as one text, ours first. Judges none. */

const PACKAGE = /\/node_modules\/(?!\.deno\/)((?:@[^/]+\/)?[^/]+)\//g;

/** The folders of the packages that files lie in, by name: what `paths`, of a source map for example, names. */
export function packagesOf(paths: readonly string[]): string[] {
  const names = paths.flatMap((path) => [...path.matchAll(PACKAGE)].at(-1)?.[1] ?? []);
  return [...new Set(names)].sort();
}

/** Names, versions and licence texts of packages that are installed here. */
export async function licences(packages: readonly string[]): Promise<string> {
  const own = await Deno.readTextFile(new URL("../LICENSE", import.meta.url));
  const parts = await Promise.all(packages.map(licenceOf));
  return [`verity\n\n${own.trim()}`, ...parts].join(`\n\n${"-".repeat(80)}\n\n`) + "\n";
}

async function licenceOf(name: string): Promise<string> {
  const folder = new URL(`../node_modules/${name}/`, import.meta.url);
  const about = JSON.parse(await Deno.readTextFile(new URL("package.json", folder)));
  const files = [...Deno.readDirSync(folder)].map((entry) => entry.name)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(new URL(file, folder))));
  return [`${name} ${about.version} (${about.license})`, ...texts.map((text) => text.trim())]
    .join("\n\n");
}
