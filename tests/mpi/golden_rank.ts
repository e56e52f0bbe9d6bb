/** A rank that takes steps of a golden network with the others: `golden_rank.ts NET STEPS`. Prints its losses. Asserts nothing. */

import { openReportedDevice, setRuntimeDirectory } from "../../cli/machine.ts";
import { openRanks } from "../../cli/mpi/ranks.ts";
import { type NetName, train } from "../train/golden_steps.ts";

setRuntimeDirectory();
const ranks = openRanks();
const device = await openReportedDevice(undefined, () => {});
const [net, steps] = Deno.args;
const { losses } = await train(device, net as NetName, {
  steps: Number(steps),
  ...(ranks.size > 1 && { ranks }),
});
console.log(JSON.stringify({ rank: ranks.rank, losses }));
await ranks.close();
device.gpu.destroy();
