/** The device against PyTorch's numbers: three models at one size each (the command checks all), and every run of the small network. */

import assert from "node:assert/strict";
import { run as golden } from "../cli/golden.ts";
import { Comparison } from "../cli/golden/compare.ts";
import { checkModel, checkTensors, type GoldenModels } from "../cli/golden/models.ts";
import { HALF_BANDS } from "../cli/golden/halves.ts";
import { checkRun, type GoldenTraining, usableOnHalves } from "../cli/golden/training.ts";
import { device } from "./device.ts";
import { shared } from "./shared.ts";

const folder = shared("golden");
const here = folder !== undefined && device !== undefined;
const why = device ? "golden numbers are not here" : "no adapter";

function goldenTest(
  name: string,
  run: (comparison: Comparison) => Promise<void>,
  bands?: Comparison["bands"],
): void {
  Deno.test({
    name: here ? name : `${name} (skipped: ${why})`,
    ignore: !here,
    fn: async () => {
      const comparison = new Comparison(bands);
      await run(comparison);
      const above = comparison.rows.filter((row) => !(row.error <= row.limit));
      assert.deepEqual(above, [], "errors above their limits");
      assert.ok(comparison.rows.length > 0, "nothing was compared");
    },
  });
}

async function read<T>(name: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
}

const sizes = [
  ["resnet18", "64x64"],
  ["efficientnet_b0", "64x64"],
  ["mobilenetv3_large_100", "75x61"],
] as const;
for (const [name, size] of sizes) {
  goldenTest(`golden: ${name}, evaluation and training`, async (comparison) => {
    const file = await read<GoldenModels>("models.json");
    await checkModel(device!, name, file.models[name]!.sizes[size]!, file, comparison);
  });
}

goldenTest("golden: all models have timm's tensors in timm's order", async (comparison) => {
  const file = await read<GoldenModels>("models.json");
  for (const name of Object.keys(file.models)) checkTensors(name, file, comparison);
});

goldenTest("golden: ten steps of the small network under each optimizer", async (comparison) => {
  const file = await read<GoldenTraining>("training.json");
  const runs = file.runs.filter((run) => run.net === "tiny");
  assert.ok(runs.length >= 12, "runs are missing from the file");
  for (const run of runs) await checkRun(device!, run, file, comparison);
});

const onHalves = device &&
  { ...device, limits: { ...device.limits, precision: "f16" as const } };

goldenTest("golden: on halves, evaluation and training of resnet18", async (comparison) => {
  const file = await read<GoldenModels>("models.json");
  const size = file.models.resnet18!.sizes["64x64"]!;
  await checkModel(onHalves!, "resnet18", size, file, comparison);
}, HALF_BANDS);

goldenTest("golden: on halves, ten steps under each optimizer", async (comparison) => {
  const file = await read<GoldenTraining>("training.json");
  const runs = file.runs.filter((run) => run.net === "tiny");
  for (const run of runs) await checkRun(onHalves!, run, file, comparison);
  assert.ok(comparison.rows.some((row) => row.error > 1e-4), "nothing was kept as halves");
  // Training runs that soon depend on the last bit are compared for as long as halves have it.
  assert.deepEqual(runs.map(usableOnHalves), runs.map((run) => run.usable_steps));
  assert.ok(file.runs.some((run) => usableOnHalves(run) < run.usable_steps));
}, HALF_BANDS);

goldenTest("golden: a wrong number is found", async (comparison) => {
  const file = await read<GoldenTraining>("training.json");
  const run = file.runs.find((r) => r.net === "tiny" && r.optimizer === "sgd_plain")!;
  const wrong = { ...run, losses: run.losses.map((loss, s) => s === 3 ? loss * 1.00001 : loss) };
  const found = new Comparison();
  await checkRun(device!, wrong, file, found);
  assert.equal(found.passed, false);
  const models = await read<GoldenModels>("models.json");
  const resnet = models.models.resnet18!;
  const swapped = { ...resnet, "state_dict": resnet.state_dict.toReversed() };
  const misplaced = new Comparison();
  checkTensors("resnet18", { ...models, models: { resnet18: swapped } }, misplaced);
  assert.equal(misplaced.passed, false);
  comparison.note("found", 0, 0, "");
});

Deno.test({
  name: "golden: a folder with nothing to compare is refused",
  ignore: device === undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/models.json`, '{"models":{}}');
      await Deno.writeTextFile(
        `${folder}/training.json`,
        '{"runs":[],"schedules":{},"losses":[],"metrics":[]}',
      );
      await assert.rejects(golden([folder]), /^DataError: Cannot check the device/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
