/** Tests of which size a run has until when. */
import assert from "node:assert/strict";
import { UsageError } from "../../cli/errors.ts";
import { stagesOf } from "../../train/recipe/stages.ts";
import { readTrainFlags } from "../../cli/train_flags.ts";

// What the machine has downloaded is no part of these tests.
Deno.env.set("HF_HOME", "/nowhere");

Deno.test("stages follow each other to the end of the run, resized in proportion", () => {
  const run = { size: 224, resize: 256, epochs: 9 };
  assert.deepEqual(stagesOf(run), [{ size: 224, resize: 256, from: 0, until: 9 }]);
  assert.deepEqual(stagesOf({ ...run, sizes: "112:4, 168:2,224" }), [
    { size: 112, resize: 128, from: 0, until: 4 },
    { size: 168, resize: 192, from: 4, until: 6 },
    { size: 224, resize: 256, from: 6, until: 9 },
  ]);
  for (const sizes of ["112:4", "112,224", "112:0,224", "112:4,", "112:x,224", "224:-1,9"]) {
    assert.throws(() => stagesOf({ ...run, sizes }), UsageError, sizes);
  }
  assert.throws(() => stagesOf({ ...run, sizes: "112:9,224" }), /no epoch is left for 224/);
});

Deno.test("a run that grows ends at its last size, and at no other", () => {
  const flags = (text: string) => {
    const parsed = readTrainFlags(["--data", "a", ...text.split(" ")]);
    assert.ok("flags" in parsed);
    return parsed.flags;
  };
  assert.equal(flags("--sizes 64:2,96").size, 96);
  assert.equal(flags("--sizes 64:2,96 --size 96").size, 96);
  assert.throws(() => flags("--sizes 64:2,96 --size 64"), UsageError);
  assert.throws(() => flags("--sizes 64,96"), UsageError);
});
