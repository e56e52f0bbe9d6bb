/** Tests of sweeps: the file and its mistakes; a small one that is stopped and goes on. */
import assert from "node:assert/strict";
import { UsageError } from "../../cli/errors.ts";
import { sweep } from "../../cli/sweep.ts";
import { readSweepFile } from "../../cli/sweep_file.ts";
import { parseCsv } from "../../data/csv.ts";
import type { RunEvent } from "../../train/events.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { twoClasses } from "./two_classes.ts";

// What the machine has downloaded is no part of these tests.
Deno.env.set("HF_HOME", "/nowhere");

Deno.test("a sweep file is read, with what is usual where it says nothing", () => {
  const text =
    '{ "train": { "data": "a" }, "search": { "lr": { "min": 1e-4, "max": 1, "log": true }, "model": ["resnet18", "resnet34"] } }';
  const { search, ...rest } = readSweepFile(text, "s.json");
  assert.deepEqual([...search], [["lr", { min: 1e-4, max: 1, log: true }], ["model", [
    "resnet18",
    "resnet34",
  ]]]);
  assert.deepEqual(rest, {
    train: { data: "a" },
    method: "random",
    trials: 16,
    minEpochs: 1,
    eta: 3,
    seed: 0,
  });
});

Deno.test("a mistake in a sweep file is named with line and column, and the nearest name", () => {
  for (
    const [text, message] of [
      ["{}", 's.json:1:1: "search", the options to try, was needed'],
      ['{ "serch": {} }', 's.json:1:3: there is no "serch" in a sweep, did you mean "search"?'],
      ['{ "search": { "lrr": [1] } }', 's.json:1:15: there is no option "lrr", did you mean "lr"?'],
      ['{ "search": { "lr": [1e-3, 0] } }', 's.json:1:28: "lr" is 0, a number above 0 was needed'],
      ['{ "search": { "lr": { "min": 0, "max": 1 } } }', '"lr" is 0, a number above 0'],
      ['{ "search": { "drop": { "min": 0, "max": 0.5, "log": true } } }', "are no range"],
      ['{ "search": { "lr": 3 } }', "s.json:1:21: a list of values, or"],
      ['{ "search": { "lr": [] } }', "a list of values, or"],
      ['{ "search": { "epochs": [1, 2] } }', '"epochs" cannot be searched'],
      [
        '{ "search": { "lr": [1] }, "method": "grid" }',
        "one of random, halving, hyperband was needed",
      ],
      ['{ "search": { "lr": [1] }, "trials": 0 }', '"trials" is 0, a whole number from 1'],
      [
        '{\n "train": { "epoch": 1 },\n "search": { "lr": [1] } }',
        's.json:2:13: there is no option "epoch"',
      ],
    ] as const
  ) {
    assert.throws(
      () => readSweepFile(text, "s.json"),
      (error) => error instanceof UsageError && error.message.includes(message),
      text,
    );
  }
});

deviceTest(
  "a sweep finds the rate that learns, trains on only what is good, and goes on where it stopped",
  async () => {
    await using folder = await temporaryFolder(await twoClasses());
    const path = `${folder.path}/sweep`;
    const train = {
      ...{ data: `${folder.path}/data`, validation: 0.25, model: "resnet18", size: 16, batch: 4 },
      ...{ epochs: 2, schedule: "constant", monitor: "loss", workers: 1, seed: 5 },
    };
    const search = { lr: [1e-9, 1e-3, 1e9] };
    const file = readSweepFile(
      JSON.stringify({ train, search, method: "halving", trials: 3, eta: 2, seed: 4 }),
      "s.json",
    );
    const rungs = () => {
      const told: string[] = [];
      const report = (event: RunEvent) => void (event.event === "note" && told.push(event.text));
      return { told, report };
    };
    // Trials 0, 1 and 2 have the rates 1e-9, 1e9 and 1e-3. It is stopped by the second sentence.
    const first = rungs();
    await assert.rejects(
      sweep(file, {
        path,
        report: (event) => {
          first.report(event);
          if (first.told.length === 2) throw new Error("the power went out");
        },
      }),
      /the power went out/,
    );
    const before = await Deno.stat(`${path}/trial-000/metrics.csv`);
    const second = rungs();
    const { results, trials } = await sweep(file, { path, report: second.report });
    assert.equal(second.told.length, 3 + 1);
    assert.deepEqual(second.told.slice(0, 2), first.told);
    assert.deepEqual(results.map(({ trial, epochs }) => [trial, epochs]), [[2, 2], [0, 1], [1, 1]]);
    assert.deepEqual(results.map(({ score }) => score === undefined), [false, false, true]);
    assert.match(trials.get(1)!.failed!, /the training loss is|not finite/);
    const table = parseCsv(await Deno.readTextFile(`${path}/sweep.csv`), "sweep.csv");
    assert.deepEqual(table.columns, ["rank", "trial", "epochs", "loss", "lr"]);
    assert.equal(table.rows.length, 3);
    assert.equal(table.rows[0]!.at(-1), "0.001");
    assert.deepEqual(JSON.parse(await Deno.readTextFile(`${path}/best.json`)), {
      ...train,
      lr: 1e-3,
    });
    // What the first part had trained was not trained again.
    assert.deepEqual((await Deno.stat(`${path}/trial-000/metrics.csv`)).mtime, before.mtime);
    const other = readSweepFile(JSON.stringify({ train, search: { lr: [1] } }), "s.json");
    await assert.rejects(sweep(other, { path, report: () => {} }), UsageError);
  },
);
