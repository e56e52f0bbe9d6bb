/** The demo set: whole, repeatable, and not to be told by colours and file sizes. Trains no network. */
import assert from "node:assert/strict";
import { denoFiles as files } from "../../cli/files.ts";
import { openDecoder } from "../../data/decode.ts";
import { demoImage, writeDemo } from "../../data/demo.ts";
import { openDataset, type Sample } from "../../data/sources.ts";
import { rocAuc } from "../../train/metrics.ts";

const decoder = await openDecoder();

/** Mean and standard deviation of red, green and blue, then the bytes of the file. */
async function statistics({ path, name }: Sample): Promise<number[]> {
  const bytes = await files.read(path);
  const { data } = await decoder.decode(bytes, name);
  const channels = [0, 1, 2].map((c) => data.filter((_, i) => i % 3 === c));
  const mean = (values: ArrayLike<number>) =>
    Array.from(values).reduce((a, b) => a + b) / values.length;
  const means = channels.map(mean);
  const deviations = channels.map((values, c) =>
    Math.sqrt(mean(Array.from(values, (x) => (x - means[c]!) ** 2)))
  );
  return [...means, ...deviations, bytes.length];
}

/** Logistic regression by gradient descent on standardised features; gives the scores of `test`. */
function regress(
  train: readonly (readonly number[])[],
  labels: readonly number[],
  test: readonly (readonly number[])[],
): number[] {
  const column = (k: number) => train.map((row) => row[k]!);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  const scales = train[0]!.map((_, k) => {
    const centre = mean(column(k));
    return [centre, Math.sqrt(mean(column(k).map((x) => (x - centre) ** 2)))] as const;
  });
  const scaled = (
    row: readonly number[],
  ) => [1, ...row.map((x, k) => (x - scales[k]![0]) / scales[k]![1])];
  const weights = new Float64Array(train[0]!.length + 1);
  const score = (x: readonly number[]) => x.reduce((sum, value, k) => sum + value * weights[k]!, 0);
  const inputs = train.map(scaled);
  for (let pass = 0; pass < 1000; pass++) {
    const gradient = new Float64Array(weights.length);
    inputs.forEach((x, i) => {
      const error = 1 / (1 + Math.exp(-score(x))) - labels[i]!;
      x.forEach((value, k) => gradient[k]! += error * value);
    });
    gradient.forEach((d, k) => weights[k]! -= d / train.length);
  }
  return test.map((row) => score(scaled(row)));
}

async function inFolder(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("writeDemo() makes a balanced set that colours and file sizes do not solve", () =>
  inFolder(async (dir) => {
    await writeDemo(files, dir, { train: 256, validation: 128, seed: 0, size: 64 });
    const { train, validation, classes } = await openDataset(files, { data: dir });
    assert.deepEqual([classes.length, train.length, validation.length], [2, 256, 128]);
    const parts = [];
    for (const samples of [train, validation]) {
      assert.equal(samples.filter(({ label }) => label === 1).length, samples.length / 2);
      const rows = [];
      for (const sample of samples) rows.push(await statistics(sample));
      parts.push({ rows, labels: samples.map(({ label }) => label) });
    }
    const [a, b] = parts as [typeof parts[0], typeof parts[0]];
    const forward = rocAuc(regress(a.rows, a.labels, b.rows), b.labels);
    const backward = rocAuc(regress(b.rows, b.labels, a.rows), a.labels);
    assert(forward <= 0.6 && backward <= 0.6, `AUC ${forward} and ${backward}`);
    // The regression does learn: it finds a difference of brightness that is there.
    const lit = a.rows.map((row, i) => [row[0]! + 40 * a.labels[i]!, ...row.slice(1)]);
    assert(rocAuc(regress(lit, a.labels, lit), a.labels) > 0.8);
  }));

Deno.test("demoImage() repeats, and is another image for another seed, index and label", () => {
  const same = [demoImage(3, 5, true), demoImage(3, 5, true)];
  assert.deepEqual(same[0], same[1]);
  assert.equal(same[0]!.data.length, 64 * 64 * 3);
  const images = [
    demoImage(3, 5, true),
    demoImage(3, 5, false),
    demoImage(3, 6, true),
    demoImage(4, 5, true),
    demoImage(4, 5, false),
  ];
  assert.equal(new Set(images.map(({ data }) => data.join())).size, images.length);
});

Deno.test("demoImage() changes a face more than its background", () => {
  for (let index = 0; index < 20; index++) {
    const [real, fake] = [demoImage(9, index, false), demoImage(9, index, true)];
    /** Mean difference in a square of 8 pixels. */
    const difference = (top: number, left: number) => {
      let sum = 0;
      for (let i = 0; i < 64; i++) {
        const at = ((top + (i >> 3)) * 64 + left + (i & 7)) * 3;
        for (let c = at; c < at + 3; c++) sum += Math.abs(real.data[c]! - fake.data[c]!) / 192;
      }
      return sum;
    };
    const [cheek, corner] = [difference(34, 28), difference(0, 0)];
    assert(cheek > 15 && cheek > 1.2 * corner, `face ${index}: ${cheek} and ${corner}`);
  }
});

Deno.test("writeDemo() draws validation from seeds that training does not use", () =>
  inFolder(async (dir) => {
    const size = { train: 6, validation: 6, size: 16 };
    for (const seed of [0, 1]) await writeDemo(files, `${dir}/${seed}`, { ...size, seed });
    const seen = new Set<string>();
    for (const seed of [0, 1]) {
      const { train, validation } = await openDataset(files, { data: `${dir}/${seed}` });
      for (const { name, path } of [...train, ...validation]) {
        seen.add(name).add((await files.read(path)).join());
      }
    }
    assert.equal(seen.size, 2 * 24);
    await writeDemo(files, `${dir}/again`, { ...size, seed: 1 });
    const [first, again] = await Promise.all(
      ["1", "again"].map((name) => files.readText(`${dir}/${name}/phase1/trainset_label.txt`)),
    );
    assert.equal(first, again);
  }));
