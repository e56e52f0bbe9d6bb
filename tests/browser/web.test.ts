/** The page of `web/`, all the way: images are dropped, a net is trained, measured, asked and taken home. */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { verity } from "../cli/command.ts";
import { zipOf } from "../data/archive_files.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { shared } from "../shared.ts";
import { findChromium } from "./chromium.ts";
import {
  drop,
  latinWords,
  longestTask,
  openTab,
  seriousFaults,
  serveSite,
  until,
} from "./web_tab.ts";

const chromium = findChromium();
const portraits = shared("data/portraits");
const missing = chromium ? portraits ? undefined : "the portraits are not here" : "no Chromium";

/** Images of each part that are taken, and how they are trained: small, for no graphics card is here. */
const PART = { trainset: 24, valset: 16 } as const;
const CHOICES = { size: 64, batch: 8, epochs: 2, lr: 0.002 } as const;
const STEPS = CHOICES.epochs * PART.trainset / CHOICES.batch;

/** Milliseconds that the page may compute without an answer. */
const LONGEST = 50;

/** What stays in Latin letters in every language. */
const NAMES = new RegExp(
  [
    ...["verity", "English", "WebGPU", "AUC", "ROC", "F1", "ONNX Runtime", "ONNX", "FFDI", "Brier"],
    ...["Grad-CAM", "timm", "safetensors", "\\.pth", "zip", "tar", "px", "google swiftshader"],
    ...["train --resume", "eval", "predict", "export", "[\\w-]+\\.(jpg|csv|safetensors)", "CSV"],
    ...["(tf_)?efficientnet_\\w+", "mobilenetv3_\\w+", "resnet\\d+", "\\d{4}-[\\w-]+", "M?B\\b"],
    ...["adamw?", "sgd", "lion", "lamb", "rmsprop", "portraits", "[\\d.]+e-\\d+"],
  ].join("|"),
  "g",
);

/** A few of the portraits as a folder in the FFDI layout. */
async function fewPortraits() {
  const files: Record<string, Uint8Array | string> = {};
  for (const [part, count] of Object.entries(PART)) {
    const [head, ...rows] = (await Deno.readTextFile(`${portraits}/phase1/${part}_label.txt`))
      .trim().split(/\r?\n/);
    const kept = rows.slice(0, count);
    files[`portraits/phase1/${part}_label.txt`] = [head, ...kept, ""].join("\n");
    for (const row of kept) {
      const name = row.split(",")[0]!;
      const path = `phase1/${part}/${name}`;
      files[`portraits/${path}`] = await Deno.readFile(`${portraits}/${path}`);
    }
  }
  return await temporaryFolder(files);
}

/** Looks at the page in both languages, light in one and dark in the other, at the width of a desk and of a phone. */
async function examine(page: Page, what: string): Promise<void> {
  for (const [language, theme] of [["en", "light"], ["zh", "dark"]] as const) {
    const where = `${what}, ${language}, ${theme}`;
    assert.equal(await page.locator("html").getAttribute("data-theme"), theme, where);
    assert.deepEqual(await seriousFaults(page), [], where);
    await page.setViewportSize({ width: 360, height: 800 });
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360, where);
    if (language === "zh") assert.deepEqual(await latinWords(page, NAMES), [], where);
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.click("#theme");
    await page.click("#language");
  }
}

async function choose(page: Page, choices: Readonly<Record<string, number>>): Promise<void> {
  await page.click("#next");
  await page.selectOption("#choice-model", "mobilenetv3_small_100");
  for (const [name, value] of Object.entries(choices)) {
    await page.fill(`#choice-${name}`, String(value));
  }
}

/** Presses a button that saves a file, and reads it. */
async function saved(page: Page, button: string): Promise<{ path: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
  const path = await download.path();
  return { path, text: new TextDecoder().decode(await Deno.readFile(path)) };
}

/** Rows of metrics.csv without what differs from run to run: times. */
function losses(csv: string): string[][] {
  const [head, ...rows] = csv.trim().split("\n").map((line) => line.trim().split(","));
  const kept = head!.flatMap((name, i) => /sec|img|wait/.test(name) ? [] : [i]);
  return rows.map((row) => kept.map((i) => row[i]!));
}

/** A zip of the files in a folder. */
async function zipped(folder: string): Promise<Uint8Array> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  return zipOf(
    await Promise.all(
      names.map(async (name) => ({ name, bytes: await Deno.readFile(`${folder}/${name}`) })),
    ),
  );
}

async function trained(page: Page): Promise<void> {
  await page.locator("#results").waitFor();
}

Deno.test({
  name: `browser: the page trains, continues, predicts and gives away${
    missing ? ` (skipped: ${missing})` : ""
  }`,
  ignore: missing !== undefined,
  async fn(t) {
    await using folder = await fewPortraits();
    await using served = await serveSite(chromium!);
    const data = `${folder.path}/portraits`;
    const context = await served.browser.newContext({
      ...{ viewport: { width: 1200, height: 900 }, locale: "en-GB", colorScheme: "light" },
    });
    const tab = await openTab(context, served.url);
    const { page } = tab;
    const step = async (name: string, fn: () => Promise<void>) => {
      // What follows needs what came before.
      assert.ok(await t.step({ name, fn }), name);
    };

    await step("two classes come from a camera", async () => {
      await page.click("#camera");
      await until(page, "document.querySelector('video').videoWidth > 0");
      await examine(page, "camera");
      await page.fill("#camera-name-1", "left");
      for (const number of [1, 2]) {
        for (let i = 0; i < 5; i++) await page.click(`[data-shoot="${number}"]`);
      }
      await page.click("#use-pictures");
      await page.locator("#next").waitFor();
      assert.deepEqual(await page.locator(".classes b").allInnerTexts(), ["class 2", "left"]);
      await page.click("#again");
    });

    await step("a folder is dropped, its classes are counted", async () => {
      await examine(page, "images");
      await drop(page, data);
      await page.locator("#next").waitFor();
      const counts = await page.locator(".classes .count").allInnerTexts();
      const numbers = counts.map((text) => text.match(/\d+/g)!.map(Number));
      assert.deepEqual(
        [0, 1].map((k) => numbers.reduce((sum, row) => sum + row[k]!, 0)),
        Object.values(PART),
      );
      assert.ok(await page.locator(".strip img").count() >= 4);
      await examine(page, "images that are open");
    });

    await step("a net is trained, and the curves get their points", async () => {
      await choose(page, CHOICES);
      await examine(page, "choices");
      await page.focus("#start");
      await page.keyboard.press("Enter");
      await page.locator("h1:focus").waitFor();
      await page.locator(".chart [data-points]:not([data-points='0'])").first()
        .waitFor();
      await page.click("#pause");
      await page.locator("body[data-doing=paused]").waitFor();
      await examine(page, "training");
      await page.click("#resume");
      await page.locator("body[data-doing=training]").waitFor();
      await page.evaluate(`
        Object.defineProperty(document, "hidden", { value: true });
        document.dispatchEvent(new Event("visibilitychange"));
      `);
      await page.locator("[data-notice=hidden]").waitFor();
      await trained(page);
      await until(page, `document.querySelector('[data-points]').dataset.points >= ${STEPS}`);
    });

    let whole: string[][] = [];
    const last = `${folder.path}/last.safetensors`;
    await step("what the run came to is shown, and where it errs", async () => {
      await page.click("#results");
      await page.click("#mistakes");
      await page.locator(".pictures img, #mistakes-none").first().waitFor();
      await examine(page, "results");
      whole = losses((await saved(page, "#download-metrics")).text);
      assert.equal(whole.length, CHOICES.epochs);
    });

    await step("a checkpoint is taken home: eval measures the same", async () => {
      const shown = await scores(page);
      const { path } = await saved(page, "#download-best");
      const file = `${folder.path}/best.safetensors`;
      await Deno.copyFile(path, file);
      const { code, out, err } = await verity(
        ["eval", "--checkpoint", file, "--data", data, "--json"],
      );
      assert.equal(code, 0, err);
      const measured = JSON.parse(out.trim().split("\n").at(-1)!);
      for (const [name, value] of Object.entries(shown)) {
        assert.ok(Math.abs(value - measured[name]) <= 1e-4, `${name}: ${value}, ${measured[name]}`);
      }
    });

    await step("images in a zip are predicted, into a file of their names", async () => {
      await page.click("#predict");
      const zip = `${folder.path}/valset.zip`;
      await Deno.writeFile(zip, await zipped(`${data}/phase1/valset`));
      await drop(page, zip);
      await page.locator("[data-predicted]").waitFor();
      await examine(page, "predictions");
      const { text } = await saved(page, "#submission");
      const [head, ...rows] = text.trim().split("\n");
      assert.equal(head, "img_name,y_pred");
      assert.equal(rows.length, PART.valset);
    });

    await step("a run that a reload breaks off continues to the same numbers", async () => {
      await page.click("#step-choices");
      await page.click("#start");
      await page.locator("[data-epochs] tbody tr").first().waitFor();
      await page.reload();
      await page.locator(".notice .actions button").nth(1).click(); // looks at what there is of it
      await Deno.copyFile((await saved(page, "#download-last")).path, last);
      await page.click("#step-images");
      await continued(page, data);
      await trained(page);
      await page.click("#results");
      assert.deepEqual(losses((await saved(page, "#download-metrics")).text), whole);
    });

    await step("its state, given as a file, continues to them too, in short tasks", async () => {
      await page.click("#step-choices");
      const [chooser] = await Promise.all([
        page.waitForEvent("filechooser"),
        page.click("#choice-weights"),
      ]);
      await chooser.setFiles(last);
      const { clock, computing } = await longestTask(page, async () => {
        await page.click("#continue-weights");
        await trained(page);
      });
      console.log(`longest task: ${computing} ms of computing, ${clock} ms by the clock`);
      assert.ok(computing > 0 && computing < LONGEST, `a task of ${computing} ms`);
      await page.click("#results");
      // What was before is not in the file.
      assert.deepEqual(losses((await saved(page, "#download-metrics")).text), whole.slice(1));
    });

    assert.deepEqual(tab.faults, []);
    assert.deepEqual(tab.strangers, []);
    await context.close();
  },
});

/** Takes up the page's offer to continue, with the images again if it asks for them. */
async function continued(page: Page, data: string): Promise<void> {
  await page.locator(".notice button.main").first().click();
  const asks = page.locator("[data-notice=waiting]");
  await asks.or(page.locator("#stop")).first().waitFor();
  if (await asks.count() > 0) await drop(page, data);
}

/** The scores that the results show, all digits. */
async function scores(page: Page): Promise<Record<string, number>> {
  const shown = await page.locator("[data-score]").evaluateAll((all) =>
    all.map((one) => {
      const { score, value } = (one as unknown as { dataset: Record<string, string> }).dataset;
      return [score!, Number(value)] as const;
    })
  );
  return Object.fromEntries(shown);
}
