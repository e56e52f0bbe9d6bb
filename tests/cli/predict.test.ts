/** The real `predict`: ensembles, views, samples, formats, overlays and doubts, on models that learned nothing. */
import assert from "node:assert/strict";
import { openDecoder } from "../../data/decode.ts";
import { encodePng } from "../../data/encode.ts";
import { parseTable, tableFormat } from "../../data/table_file.ts";
import { noise, temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { tree, verity } from "./command.ts";
import { writeUntrained } from "./untrained.ts";

const NAMES = ["c.png", "deep/a.png", "b.png", "d.png"];
const TARGETS = [1, 0, 1, 0];

/** Images of noise, and two checkpoints of different sizes and seeds. */
async function folderOfTwo() {
  const files: Record<string, string | Uint8Array> = {
    "run/": "",
    "labels.csv": `img_name,target\n${NAMES.map((name, i) => `${name},${TARGETS[i]}\n`).join("")}`,
    "sample.csv": `fake?;id\n0;${NAMES.join("\n0;")}\n`,
  };
  for (const [i, name] of NAMES.entries()) {
    const image = noise(60 - 7 * i, 44, i);
    files[`images/${name}`] = await encodePng({
      ...image,
      data: image.data.map((v, k) => k % 3 === i ? v : v / 2), // of different colours
    });
  }
  const folder = await temporaryFolder(files);
  await writeUntrained(`${folder.path}/small.safetensors`, "mobilenetv3_small_100");
  const larger = { size: 48, seed: 1 };
  await writeUntrained(`${folder.path}/run/best.safetensors`, "mobilenetv3_small_100", larger);
  await writeUntrained(`${folder.path}/three.safetensors`, "mobilenetv3_small_100", {
    classes: ["a", "b", "c"],
  });
  return folder;
}

/** The rows of a file, in its order. */
async function scores(path: string, columns = ["fake?", "id"]): Promise<number[]> {
  const nameAt = columns.length === 2 && columns[1] === "id" ? 1 : 0;
  const format = tableFormat(path)!;
  const bytes = await Deno.readFile(path);
  const { names, rows } = await parseTable(bytes, { format, where: path, columns, nameAt });
  assert.deepEqual(names, NAMES);
  return rows.map(([score]) => score!);
}

deviceTest("predict averages checkpoints and views, and says what it doubts", async () => {
  await using folder = await folderOfTwo();
  const predict = async (args: string) => {
    const all = `predict --images images --sample sample.csv --name-column id --workers 1 ${args}`;
    const ended = await verity(all.split(" "), { cwd: folder.path });
    assert.equal(ended.code, 0, ended.err);
    return ended.out;
  };
  const at = (name: string) => `${folder.path}/${name}`;
  await predict("--checkpoint small.safetensors --out one.csv --cam cam");
  await predict("run --out two.jsonl");
  const text = await predict("small.safetensors run --out both.parquet --explain 2");
  const [one, two, both] = [
    await scores(at("one.csv")),
    await scores(at("two.jsonl")),
    await scores(at("both.parquet")),
  ];
  assert.ok(new Set([...one, ...two]).size === 8, "each image is judged another way by each");
  both.forEach((p, i) => assert.ok(Math.abs(p - (one[i]! + two[i]!) / 2) < 1e-12));
  const closest = NAMES.toSorted((a, b) =>
    Math.abs(both[NAMES.indexOf(a)]! - 0.5) - Math.abs(both[NAMES.indexOf(b)]! - 0.5)
  );
  const apart = (name: string) => Math.abs(one[NAMES.indexOf(name)]! - two[NAMES.indexOf(name)]!);
  const disputed = NAMES.toSorted((a, b) => apart(b) - apart(a));
  const listed = text.split("\n").map((line) => line.split(/\s+/)[0]!);
  const from = listed.indexOf("Least");
  assert.deepEqual(listed.slice(from + 2, from + 4), closest.slice(0, 2), text);
  assert.deepEqual(listed.slice(from + 6, from + 8), disputed.slice(0, 2), text);
  assert.match(text, /Wrote 4 rows to both\.parquet: one plain view of 2 checkpoints/);
  assert.match(text, /checked: 4 rows, the names of sample\.csv in their order, scores from 0\./);

  const decoder = await openDecoder();
  assert.deepEqual(await tree(at("cam")), [
    "b.png.png",
    "c.png.png",
    "d.png.png",
    "deep",
    "deep/a.png.png",
  ]);
  const shown = await decoder.decode(await Deno.readFile(at("cam/c.png.png")), "c");
  assert.deepEqual([shown.width, shown.height], [32, 32]);

  const measure =
    "eval small.safetensors run --labels labels.csv --images images --part all --json";
  const { code, out, err } = await verity(measure.split(" "), { cwd: folder.path });
  assert.equal(code, 0, err);
  const measured = JSON.parse(out.trimEnd().split("\n").at(-1)!);
  const losses = both.map((p, i) => -Math.log(TARGETS[i] === 1 ? p : 1 - p));
  const loss = losses.reduce((a, b) => a + b, 0) / 4;
  assert.ok(Math.abs(measured.loss - loss) < 1e-12, `${measured.loss}, ${loss} was expected`);

  await predict("small.safetensors --out flip.csv --tta hflip");
  assert.notDeepEqual(await scores(at("flip.csv")), one);
});

deviceTest("predict refuses checkpoints of other classes and files it cannot write", async () => {
  await using folder = await folderOfTwo();
  const refused = async (args: string, code: number, message: RegExp) => {
    const ended = await verity(args.split(" "), { cwd: folder.path });
    assert.equal(ended.code, code, ended.err);
    assert.match(ended.err, message);
  };
  const predict = "predict small.safetensors --images images";
  await Promise.all([
    refused(`${predict} three.safetensors --out o.csv`, 7, /"three\.safetensors" with "small\.saf/),
    refused(`${predict} --out o.txt`, 2, /--out "o\.txt": a name that ends in \.csv, \.jsonl/),
    refused(`${predict} --out o.csv --tta hflp`, 2, /Did you mean hflip\?/),
    refused(`${predict} --out o.csv --cam images`, 2, /the images to predict are in it/),
  ]);
  assert.ok(!(await tree(folder.path)).some((path) => path.startsWith("o.")));
});
