/** `deno task sbom > sbom.json`: a CycloneDX bill of all npm packages that deno.lock has. Installs and asks nothing. */

interface Locked {
  readonly integrity?: string;
  readonly dependencies?: readonly string[];
}

/** A package of the bill. */
export interface Component {
  readonly type: "library";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes: readonly { readonly alg: "SHA-512"; readonly content: string }[];
  readonly licenses?: readonly { readonly expression: string }[];
}

/** A CycloneDX 1.6 document. */
export interface Bill {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly component: Readonly<Record<string, string>> };
  readonly components: readonly Component[];
}

/** The bill of a lock file, with the licences of the packages that are installed in `modules`. */
export function billOf(
  lock: { readonly npm: Readonly<Record<string, Locked>> },
  { name, version, modules }: {
    readonly name: string;
    readonly version: string;
    readonly modules: URL;
  },
): Bill {
  const components = Object.entries(lock.npm).map(([key, { integrity = "" }]) =>
    component(key, integrity, modules)
  );
  return {
    ...{ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 },
    metadata: { component: { type: "application", name, version } },
    components,
  };
}

function component(key: string, integrity: string, modules: URL): Component {
  // `name@version`, and behind a "_" what it was resolved beside.
  const [, name = "", version = ""] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
  const licence = licenceOf(
    new URL(`.deno/${key.replaceAll("/", "+")}/node_modules/${name}/`, modules),
  );
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const content = Uint8Array.fromBase64(integrity.replace(/^sha512-/, "")).toHex();
  return {
    ...{ type: "library", "bom-ref": purl, name, version, purl },
    hashes: [{ alg: "SHA-512", content }],
    ...(licence !== undefined && { licenses: [{ expression: licence }] }),
  };
}

/** What an installed package says of its licence; undefined for one that is for other machines. */
function licenceOf(folder: URL): string | undefined {
  try {
    const { license } = JSON.parse(Deno.readTextFileSync(new URL("package.json", folder)));
    return typeof license === "string" ? license : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The bill of this checkout. */
export function ownBill(): Bill {
  const root = new URL("../../", import.meta.url);
  const read = (name: string) => JSON.parse(Deno.readTextFileSync(new URL(name, root)));
  const { name, version } = read("deno.json");
  return billOf(read("deno.lock"), { name, version, modules: new URL("node_modules/", root) });
}

if (import.meta.main) console.log(JSON.stringify(ownBill(), undefined, 2));
