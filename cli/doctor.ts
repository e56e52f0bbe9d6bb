/** `doctor`: what of this machine works, what does not, and the command that mends it. Changes nothing. */

import { openDevice } from "../engine/gpu/device.ts";
import { correctness, speed } from "./doctor/computing.ts";
import { exitCodeOf, type Finding, findingLines } from "./doctor/finding.ts";
import { abilities, adapter, decoder, disk, runtime } from "./doctor/machine.ts";
import { driverVersion } from "./environment.ts";
import { denoFiles as files } from "./files.ts";
import { type CommonFlags, newCommand, oneOf, parseFlags } from "./flags.ts";
import { cacheFolder } from "./machine.ts";

interface DoctorFlags extends CommonFlags {
  readonly power?: "high" | "low";
}

/** Looks at everything, says it, and returns 0, or 4 where a run could not work. */
export async function run(args: readonly string[]): Promise<number> {
  const command = newCommand(
    "doctor",
    "Looks at adapter, driver, limits, decoder and disk, checks a training step against float64 and times the " +
      "device for a few seconds. Ends with 4 where something keeps runs from working.",
  ).option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
  const parsed = parseFlags<DoctorFlags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { json, power } = parsed.flags;
  const findings: Finding[] = [];
  const say = (...found: readonly Finding[]) => {
    findings.push(...found);
    for (const one of found) {
      if (json) console.log(JSON.stringify({ event: "finding", ...one }));
      else console.log(findingLines([one]).join("\n"));
    }
  };
  say(runtime(Deno.version.deno));
  const around = { os: Deno.build.os, exists, env: (name: string) => Deno.env.get(name) };
  const { finding, device } = await adapter(() => openDevice(power ? { power } : {}), around);
  say(finding);
  if (device) {
    say(...abilities(device, driverVersion()));
    say(await correctness(device));
    say(await speed(device));
  }
  say(await decoder());
  say(await disk(files, { name: "cache", path: cacheFolder(), mend: "export XDG_CACHE_HOME=DIR" }));
  say(await disk(files, { name: "runs", path: Deno.cwd(), mend: "deno task train --run DIR …" }));
  const code = exitCodeOf(findings);
  if (!json) console.log(code === 0 ? "Ready: deno task train" : "Not ready: see ✗ above");
  return code;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
