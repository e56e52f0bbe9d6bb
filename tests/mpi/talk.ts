/** A rank that tries each call of its group and says what came of it, one JSON object a rank. Asserts nothing. */

import { gatherNumbers } from "../../train/ranks.ts";
import { allReduceAsHalves } from "../../train/wire.ts";
import { openRanks } from "../../cli/mpi/ranks.ts";

const ranks = openRanks();
const { rank, size, library } = ranks;
if (Deno.args[0] === "abort") {
  // One fails while the others wait for it.
  if (rank === size - 1) ranks.abort(`rank ${rank}: no more`, 7);
  await ranks.barrier();
}
/** Numbers whose sum depends on the order in which they are added up. */
const numbers = (n: number) =>
  Float32Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i + 1) * 10 ** ((i + rank) % 7)));
const hash = async (x: Float32Array<ArrayBuffer>) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", x)).toHex();

const small = Float32Array.of(rank + 1, 10 * rank);
await ranks.allReduce(small);
const large = numbers(300_001);
await ranks.allReduce(large);
const part = new Float32Array(8).fill(rank);
await ranks.allReduce(part.subarray(2, 4)); // what lies around it stays
const said = await ranks.broadcast(
  rank === 0 ? new TextEncoder().encode("from rank 0") : new Uint8Array(),
);
const gathered = await gatherNumbers(ranks, Array.from({ length: rank }, (_, i) => 10 * rank + i));
const handed = await ranks.allToAll(
  Array.from({ length: size }, (_, to) => new Uint8Array(to + 1).fill(10 * rank + to)),
);
const halves = numbers(1001);
await allReduceAsHalves(ranks, halves);
const exact = numbers(1001);
await ranks.allReduce(exact);
const largest = exact.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const apart = exact.reduce((most, x, i) => Math.max(most, Math.abs(x - halves[i]!)), 0) / largest;
// Asked for at once, done in order.
const both = [Float32Array.of(1), Float32Array.of(2)] as const;
await Promise.all(both.map((one) => ranks.allReduce(one)));
// Who is early waits for who is late, and hears what happens meanwhile.
let heard = 0;
const timer = setInterval(() => heard++, 5);
if (rank === 0) await new Promise((resolve) => setTimeout(resolve, 200));
await ranks.barrier();
clearInterval(timer);
console.log(JSON.stringify({
  ...{ rank, size, library, small: [...small], large: await hash(large), part: [...part] },
  ...{ said: new TextDecoder().decode(said), gathered: gathered.map((one) => [...one]) },
  ...{ handed: handed.map((one) => [...one]), halves: await hash(halves), apart },
  ...{ both: both.map(([x]) => x), heard },
}));
await ranks.close();
