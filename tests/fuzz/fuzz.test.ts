/** Hostile files, a few of each parser: the same ones each time. `deno task fuzz` reads many more. */
import assert from "node:assert/strict";
import { mutant } from "./mutants.ts";
import { TARGETS } from "./targets.ts";
import { judge } from "./verdict.ts";

/** Inputs of a parser that is quick, and of a decoder. */
const INPUTS = 500;
const IMAGES = 100;

for (const target of TARGETS) {
  Deno.test(`hostile files: ${target.name} takes what is whole and refuses the rest in words`, async () => {
    for (const bytes of target.seeds) {
      const { fault, outcome } = await judge(target, bytes.slice() as Uint8Array<ArrayBuffer>);
      assert.equal(outcome, "accepted", fault ?? "a whole file is refused");
    }
    const count = /^(sharp|jsquash)/.test(target.name) ? IMAGES : INPUTS;
    for (let i = 0; i < count; i++) {
      const { fault } = await judge(target, mutant(target, 1, i));
      assert.equal(fault, undefined, `input ${i}: deno task fuzz ${target.name} --from ${i}`);
    }
  });
}
