/** Tests of what is said of a run's data before training. */
import assert from "node:assert/strict";
import { imbalanceWarning } from "../../train/run/data.ts";

Deno.test("classes above three to one are warned of, with both names and what helps", () => {
  const data = { classes: ["real", "fake", "drawn"] };
  assert.equal(imbalanceWarning(data, [30, 10, 20]), undefined);
  const text = imbalanceWarning(data, [30, 8, 31])!;
  assert.match(text, /class drawn has 3\.9 times the images of class fake; --class-weights auto/);
});
