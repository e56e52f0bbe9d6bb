/** `deno task adapters`: how far the losses of two networks differ, step by step, between the adapters of this machine. */
import { openDevice } from "../../engine/gpu/device.ts";
import { setRuntimeDirectory } from "../../cli/machine.ts";
import { findChromium, inBrowser } from "../browser/chromium.ts";
import { lossesOf, type Net } from "./losses.ts";

const STEPS = 20;

/** Where a network was trained, and its losses. */
interface Trained {
  readonly where: string;
  readonly losses: readonly number[];
}

/** The driver of a browser's own adapter, which Deno can use too; undefined where it has none. */
async function driverOf(chromium: string): Promise<string | undefined> {
  for (const folder of [chromium.replace(/[^/]*$/, ""), "/usr/lib/chromium/"]) {
    const path = `${folder}vk_swiftshader_icd.json`;
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
}

async function trainedHere(net: Net): Promise<Trained> {
  const device = await openDevice();
  try {
    return { where: `Deno, ${device.name}`, losses: await lossesOf(device, net, STEPS) };
  } finally {
    device.gpu.destroy();
  }
}

/** The same in another process, with the adapter of a Vulkan driver. */
async function trainedWith(driver: string, net: Net): Promise<Trained> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.url, net],
    env: { VK_ICD_FILENAMES: driver },
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function trainedInTab(chromium: string, net: Net): Promise<Trained> {
  return await inBrowser(chromium, async (page) => ({
    where: `Chromium, ${await page.adapter()}`,
    losses: await page.losses(net, STEPS),
  }));
}

/** Every training of a network: here twice, then wherever else it can be. */
async function trainings(net: Net): Promise<Trained[]> {
  const all = [await trainedHere(net), await trainedHere(net)];
  const chromium = findChromium();
  if (!chromium) return all;
  const driver = await driverOf(chromium);
  if (driver) all.push(await trainedWith(driver, net), await trainedWith(driver, net));
  return [...all, await trainedInTab(chromium, net), await trainedInTab(chromium, net)];
}

setRuntimeDirectory();
const [only] = Deno.args;
if (only !== undefined) console.log(JSON.stringify(await trainedHere(only as Net)));
else {
  for (const net of ["tiny", "resnet18"] as const) {
    const [first, ...others] = await trainings(net);
    const columns = [`${net}: step`, `loss: ${first!.where}`, ...others.map(({ where }) => where)];
    console.log(`\n| ${columns.join(" | ")} |\n|${" --- |".repeat(columns.length)}`);
    for (const [step, loss] of first!.losses.entries()) {
      const away = others.map(({ losses }) => {
        const difference = Math.abs(losses[step]! - loss);
        return difference === 0 ? "0" : difference.toExponential(1);
      });
      console.log(`| ${[step + 1, loss.toFixed(7), ...away].join(" | ")} |`);
    }
  }
}
Deno.exit(0);
