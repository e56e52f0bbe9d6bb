/** Tests of reports, comparisons and model cards as text. No browser is opened. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { picturesOf, wrongImages } from "../../report/wrong_images.ts";
import { comparedRuns, comparisonLines, formatComparison } from "../../report/compare.ts";
import { trainingCharts, validationCharts } from "../../report/charts.ts";
import { formatModelCard } from "../../report/model_card.ts";
import { formatReport, mostWrong } from "../../report/report.ts";
import { readRun } from "../../report/run.ts";
import { softmax } from "../../train/metrics.ts";
import { formatOutputs } from "../../train/run_record.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { HOSTILE, madeRun } from "./made_run.ts";

Deno.test("readRun() gives all that a run wrote; a folder without config.json is refused", async () => {
  await using dir = await temporaryFolder();
  const path = await madeRun(dir.path);
  const run = await readRun(denoFiles, path);
  assert.deepEqual(run.epochs.map(({ epoch }) => epoch), [1, 2, 3]);
  assert.deepEqual(run.steps.map(({ step }) => step), [2, 4, 6, 8, 10, 12]);
  assert.deepEqual([run.best?.epoch, run.sheet?.n, run.sheet?.classes[1]], [3, 40, HOSTILE]);
  assert.ok(Math.abs(run.sheet!.auc - run.best!.auc) < 1e-9, "scores are those of the best epoch");
  await Deno.writeTextFile(`${path}/steps.csv`, "3,1", { append: true });
  assert.equal((await readRun(denoFiles, path)).steps.length, 6, "half a row is not read");
  await assert.rejects(readRun(denoFiles, dir.path), /no config\.json/);
  const begun = await madeRun(dir.path, { epochs: 0, learningRate: 2 });
  const { best, validation } = await readRun(denoFiles, begun);
  assert.deepEqual([best, validation], [undefined, undefined]);
});

Deno.test("readRun() refuses files that no run writes, each by its name", async () => {
  await using dir = await temporaryFolder();
  const path = await madeRun(dir.path);
  const rows: [name: string, text: string, reason: RegExp][] = [
    ["config.json", "null", /config\.json: it is no object/],
    ["data.json", '{"source":"x","classes":[null]}', /data\.json: it lacks a source, classes/],
    ["data.json", '{"source":"x","classes":[]}', /validation\.csv: it has 2 columns.* 0 classes/],
    [
      "validation.csv",
      "img_name,path,label,logit_0,logit_1\na,a,2,1,0\n",
      /row 1 has the label "2"/,
    ],
    ["validation.csv", "img_name,path,label,logit_0,logit_1\na,a,,1,0\n", /row 1 has the label ""/],
  ];
  for (const [name, text, reason] of rows) {
    const before = await Deno.readTextFile(`${path}/${name}`);
    await Deno.writeTextFile(`${path}/${name}`, text);
    await assert.rejects(readRun(denoFiles, path), reason);
    await Deno.writeTextFile(`${path}/${name}`, before);
  }
});

Deno.test("a report escapes every name and asks for nothing", async () => {
  await using dir = await temporaryFolder();
  for (const classes of [2, 3]) {
    const run = await readRun(denoFiles, await madeRun(dir.path, { classes }));
    const page = await formatReport(run);
    assert.doesNotMatch(page, /<img src=x/);
    assert.match(page, /&lt;img src=x onerror=&quot;/);
    assert.equal(
      page.match(/<\/script/g)?.length,
      3,
      "the data and two scripts end, no name ends one",
    );
    const outside = page.replaceAll(/<script[^]*?<\/script>|<style[^]*?<\/style>/g, "")
      .replaceAll(/<meta[^>]*>/g, "");
    assert.doesNotMatch(outside, /\b(src|href)="(?!data:)/);
    assert.match(page, /default-src 'none'; img-src data:/);
    assert.doesNotMatch(page, /connect-src/);
    assert.match(page, /4\.0 times the images/);
    assert.match(page, /2 images were left out/);
  }
  const begun = await madeRun(dir.path, { epochs: 0, learningRate: 3 });
  assert.match(await formatReport(await readRun(denoFiles, begun)), /Nothing yet/);
});

Deno.test("a report calls what one class alone leaves open undefined", async () => {
  await using dir = await temporaryFolder();
  const path = await madeRun(dir.path);
  const file = `${path}/validation.csv`;
  const { samples, ...outputs } = (await readRun(denoFiles, path)).validation!;
  const alike = samples.map((sample) => ({ ...sample, label: 0 }));
  await Deno.writeTextFile(file, formatOutputs({ ...outputs, samples: alike }));
  const page = await formatReport(await readRun(denoFiles, path));
  assert.match(page, /undefined by TPR − FPR, undefined by F1/);
});

Deno.test("curves of a report hold what the run measured", async () => {
  await using dir = await temporaryFolder();
  const run = await readRun(denoFiles, await madeRun(dir.path));
  const training = trainingCharts(run);
  assert.deepEqual(training.map(({ title }) => title), [
    ...["Loss", "Accuracy", "AUC and average precision"],
    ...["Training loss by step", "Learning rate", "Speed"],
  ]);
  assert.deepEqual(training[0]!.series[0]!.values, [1, 0.5, 1 / 3]);
  assert.deepEqual(training[5]!.series[0]!.values, [10, 12, 10, 12, 10, 12]);
  const [roc, precision, reliability, scores] = validationCharts(run);
  const [chance, curve, high, low] = roc!.series.map(({ values }) => values as number[]);
  assert.deepEqual(chance, roc!.x.values);
  assert.deepEqual([curve![0], curve!.at(-1)], [0, 1]);
  let area = 0;
  for (let i = 1; i < curve!.length; i++) {
    area += (roc!.x.values[i]! - roc!.x.values[i - 1]!) * (curve![i]! + curve![i - 1]!) / 2;
  }
  assert.ok(Math.abs(area - run.sheet!.auc) < 1e-9, `area ${area}, AUC ${run.sheet!.auc}`);
  const x = roc!.x.values;
  const tops = [...x.keys()].filter((i) => x[i] !== x[i + 1]);
  const inside = tops.filter((i) => low![i]! <= curve![i]! && curve![i]! <= high![i]!).length;
  assert.ok(inside > 0.9 * tops.length, `${inside} of ${tops.length} steps lie within the bounds`);
  assert.ok(high!.some((y, i) => y > low![i]! + 0.05), "the bounds lie apart");
  assert.ok(precision!.x.values.every((x, i, all) => i === 0 || x >= all[i - 1]!));
  const shares = reliability!.series[0]!.values as number[];
  assert.ok(Math.abs(shares.reduce((a, b) => a + b) - 1) < 1e-9);
  assert.deepEqual(
    scores!.series.map(({ values }) => (values as number[]).reduce((a, b) => a + b)),
    [20, 20],
  );
  const three = await readRun(denoFiles, await madeRun(dir.path, { classes: 3 }));
  assert.equal(validationCharts(three)[0]!.series.length, 4, "a curve for each class, and chance");
});

Deno.test("mostWrong() lists wrong images alone, the least probable truth first", async () => {
  await using dir = await temporaryFolder();
  const { validation } = await readRun(denoFiles, await madeRun(dir.path));
  const { logits, labels } = validation!;
  const p = softmax(logits, 2);
  const wrong = mostWrong(validation!);
  assert.ok(wrong.length > 3);
  const truths = wrong.map(({ row }) => p[2 * row + labels[row]!]!);
  assert.deepEqual(truths, truths.toSorted((a, b) => a - b));
  assert.ok(wrong.every(({ row, predicted }) => predicted !== labels[row]));
  assert.equal(wrong.length, [...labels].filter((y, i) => p[2 * i + y]! < 0.5).length);
  assert.equal(mostWrong(validation!, 2).length, 2);
});

Deno.test("wrongImages() shows images as the model sees them, and leaves out those that are gone", async () => {
  await using dir = await temporaryFolder();
  const run = await readRun(denoFiles, await madeRun(dir.path));
  const all = mostWrong(run.validation!);
  await Deno.remove(`${dir.path}/images/${all[0]!.row}.png`);
  const images = await wrongImages(denoFiles, run);
  assert.deepEqual(images.map(({ row }) => row), all.slice(1).map(({ row }) => row));
  assert.deepEqual([images[0]!.image.width, images[0]!.image.height], [32, 32]);
  const [one, two] = images;
  const pictures = await picturesOf([{ ...one!, overlay: two!.image }, two!]);
  assert.match(pictures.get(one!.row)!.image, /^data:image\/jpeg;base64,\/9j\//);
  const page = await formatReport(run, { pictures });
  assert.equal(page.match(/<img /g)?.length, 3);
  assert.match(page, /Grad-CAM/);
  await Deno.remove(`${dir.path}/images`, { recursive: true });
  assert.deepEqual(await wrongImages(denoFiles, run), []);
});

Deno.test("a comparison shows each run at its best epoch and the settings that differ", async () => {
  await using dir = await temporaryFolder();
  const runs = [
    await readRun(denoFiles, await madeRun(dir.path, { epochs: 1 })),
    await readRun(denoFiles, await madeRun(dir.path, { learningRate: 0.5 })),
  ];
  const [a, b] = comparedRuns(runs);
  assert.deepEqual([a!.epoch, a!.settings, b!.epoch, b!.settings], [1, { lr: 1e-3 }, 3, {
    lr: 0.5,
  }]);
  assert.ok(b!.scores.auc! > a!.scores.auc!);
  const lines = comparisonLines(runs);
  assert.match(lines[0]!, /^run +best epoch +AUC .* lr$/);
  assert.match(lines[2]!, /3 of 3 +\d\.\d{4} \*/);
  assert.doesNotMatch(lines[1]!.split(" 1 of 1 ")[1]!.slice(0, 12), /\*/);
  const page = await formatComparison(runs);
  const [chart] = JSON.parse(page.match(/id="charts">(.*?)<\/script>/)![1]!);
  assert.deepEqual(chart.x.values, [1, 2, 3]);
  assert.deepEqual(chart.series[0].values.slice(1), [null, null], "a shorter run ends early");
});

Deno.test("a model card has scores, data and commands, and names cannot break out of it", async () => {
  await using dir = await temporaryFolder();
  const run = await readRun(denoFiles, await madeRun(dir.path));
  const card = formatModelCard({ ...run, path: "runs/it's mine" });
  assert.match(card, /^---\nlibrary_name: timm\n/);
  assert.match(card, /\| AUC \| 0\.\d{4} \|/);
  assert.match(card, /--checkpoint 'runs\/it'\\''s mine\/best\.safetensors'/);
  assert.doesNotMatch(card, /<img/);
  assert.match(card, /\| &#60;img src=x .* \| 20 \| 20 \|/);
  const fence = formatModelCard({ ...run, path: "runs/a\n```\n<script>'" });
  assert.equal(fence.split("\n").filter((line) => line.startsWith("```")).length, 2);
  assert.match(
    fence,
    /--checkpoint \$'runs\/a\\x0a```\\x0a<script>\\x27\/best\.safetensors' --data/,
  );
});
