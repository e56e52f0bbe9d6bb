/** Every shader file compiles as it stands, with the consts and holes written in it. */

import { strict as assert } from "node:assert";
import { deviceTest } from "../device.ts";

const folder = new URL("../../shaders/", import.meta.url);
const files = [...Deno.readDirSync(folder)].map((f) => f.name).filter((f) => f.endsWith(".wgsl"));

Deno.test("there are shaders", () => assert.ok(files.length > 5));

Deno.test("shaders choose values without branches", () => {
  // Each `&&` is a branch to a compiler; SwiftShader takes seconds for 24 of them in one loop.
  const wrong = files.flatMap((file) =>
    Deno.readTextFileSync(new URL(file, folder)).split("\n")
      .filter((line) => /(\bselect\(|\blet ).*(&&|\|\|)/.test(line)).map((line) =>
        `${file}: ${line}`
      )
  );
  assert.deepEqual(wrong, []);
});

for (const file of files.sort()) {
  const code = Deno.readTextFileSync(new URL(file, folder));
  deviceTest(`shaders/${file} compiles bare`, async ({ gpu }) => {
    gpu.pushErrorScope("validation");
    const module = gpu.createShaderModule({ code, label: file });
    const { messages } = await module.getCompilationInfo();
    assert.deepEqual(messages.map((m) => `${m.lineNum}: ${m.message}`), []);
    if (code.includes("@compute")) {
      await gpu.createComputePipelineAsync({
        layout: "auto",
        compute: { module, entryPoint: "main" },
      });
    }
    assert.equal((await gpu.popErrorScope())?.message, undefined);
  });
}
