/** What comes from others is what was locked: hashes, licences, the bill of it. */
import assert from "node:assert/strict";
import { ownBill } from "./sbom.ts";

const { components, ...head } = ownBill();

Deno.test("every package is locked with its SHA-512 and stands in the bill once", () => {
  assert.deepEqual([head.bomFormat, head.specVersion], ["CycloneDX", "1.6"]);
  assert.ok(components.length > 30, `${components.length} packages`);
  assert.equal(new Set(components.map(({ purl }) => purl)).size, components.length);
  for (const { name, version, purl, hashes } of components) {
    assert.match(version, /^\d+\.\d+\.\d+/, name);
    assert.match(hashes[0]!.content, /^[0-9a-f]{128}$/, name);
    assert.match(purl, /^pkg:npm\/[^@\s]+@\d/, name);
  }
});

Deno.test("every package that is installed has a licence that lets others use it", () => {
  const free = [
    ...["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "MPL-2.0", "OFL-1.1"],
    ...["LGPL-3.0-or-later", "AGPL-3.0-or-later OR MIT"],
  ];
  const installed = components.filter(({ licenses }) => licenses);
  assert.ok(installed.length > 20, `${installed.length} installed`);
  for (const { name, licenses } of installed) {
    const all = licenses![0]!.expression.replaceAll(/[()]/g, "").split(" AND ");
    assert.ok(all.every((one) => free.includes(one)), `${name}: ${all.join(", ")}`);
  }
});

Deno.test("imports name one version of a package each", () => {
  const { imports } = JSON.parse(
    Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)),
  );
  for (const [name, to] of Object.entries<string>(imports)) {
    assert.match(to, /^npm:\/?(@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+(\/|$)/, name);
  }
});
