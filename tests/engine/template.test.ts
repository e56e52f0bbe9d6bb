/** Shader files as templates: what is left out, what is repeated, and what is refused. */

import { strict as assert } from "node:assert";
import { expand, holeNames } from "../../engine/compile/template.ts";

/** The lines of the text that remain, without indentation. */
function lines(text: string): string[] {
  return text.split("\n").map((l) => l.trim()).filter((l) => l);
}

const shader = `// y = x + b.

//! consts
const N = 4u;
const R = 0u;
//! holes
fn load_x(row: u32, c: u32) -> vec4f { return x[row]; }
fn load_bias(row: u32, c: u32) -> vec4f { return b[row]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row] = v; }
//! end

fn main() { // stays
  // goes
  store_y(0u, 0u, load_x(0u, 0u) + load_bias(0u, 0u));
}
`;

Deno.test("holeNames() gives loads in the order of the inputs, and the stores", () => {
  assert.deepEqual(holeNames(shader), { loads: ["x", "bias"], stores: ["y"] });
  assert.throws(() => holeNames("fn main() {}"), SyntaxError);
});

Deno.test("expand() leaves out consts, holes and comments of their own line", () => {
  assert.deepEqual(lines(expand(shader, {})), [
    "fn main() { // stays",
    "store_y(0u, 0u, load_x(0u, 0u) + load_bias(0u, 0u));",
    "}",
  ]);
});

Deno.test("expand() repeats regions: suffixes become numbers, words become literals", () => {
  const region =
    "//! consts\n//! end\n//! unroll R < TM\nlet y_R = f(x_R_C, R, R2, sR, yR_R);\n//! end";
  assert.deepEqual(lines(expand(region, { TM: 2 })), [
    "let y_0 = f(x_0_C, 0u, R2, sR, yR_0);",
    "let y_1 = f(x_1_C, 1u, R2, sR, yR_1);",
  ]);
  assert.deepEqual(lines(expand(region, { TM: 0 })), []);
});

Deno.test("expand() nests regions and takes numbers as bounds", () => {
  const region =
    "//! consts\n//! end\n//! unroll R < 2\n//! unroll C < TN\na_R_C(R, C);\n//! end\nb_R;\n//! end\nc;";
  assert.deepEqual(lines(expand(region, { TN: 2 })), [
    "a_0_0(0u, 0u);",
    "a_0_1(0u, 1u);",
    "b_0;",
    "a_1_0(1u, 0u);",
    "a_1_1(1u, 1u);",
    "b_1;",
    "c;",
  ]);
});

Deno.test("expand() refuses a bound it does not know and a region that does not end", () => {
  const open = "//! consts\n//! end\n//! unroll R < TM\na_R;";
  assert.throws(
    () => expand(`${open}\n//! end`, {}),
    /Cannot unroll R: TM is not among the consts/,
  );
  assert.throws(() => expand(open, { TM: 2 }), /it has no `\/\/! end`/);
});

Deno.test("every shader with an entry point has the regions and holes that the compiler fills", () => {
  const folder = new URL("../../shaders/", import.meta.url);
  for (const { name } of Deno.readDirSync(folder)) {
    const text = Deno.readTextFileSync(new URL(name, folder));
    if (!name.endsWith(".wgsl") || !text.includes("@compute")) continue;
    const consts = Object.fromEntries(
      [...text.matchAll(/^const (\w+) = (\d+)u;/gm)].map((m) => [m[1]!, Number(m[2])]),
    );
    const { loads } = text.includes("fn store_") ? holeNames(text) : { loads: [] };
    const body = expand(text, consts);
    assert.ok(text.startsWith("// "), `${name} begins with its formula`);
    assert.ok(loads.every((x) => body.includes(`load_${x}(`)), `${name} loads all its inputs`);
    assert.ok(!body.includes("@binding") && !body.includes("//!"), `${name} leaves nothing over`);
  }
});
