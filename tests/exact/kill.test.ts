/** A run that is killed, interrupted, crashed or damaged goes on; its files hold no half rows. Real processes. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { lockRun } from "../../cli/run_lock.ts";
import { superviseTraining } from "../../cli/supervise.ts";
import { CheckpointError } from "../../train/checkpoint.ts";
import { RunFolder, RunFolderError } from "../../train/run_folder.ts";
import { twoClasses } from "../cli/two_classes.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { device, LIMIT } from "../device.ts";
import { killRuns } from "./killing.ts";
import { leftIn } from "./left.ts";
import { TINY } from "./tiny_run.ts";

const ignore = !device;
const SCRIPT = decodeURIComponent(new URL("tiny_run.ts", import.meta.url).pathname);

interface Said {
  readonly code: number;
  readonly out: string;
}

/** A tiny run in a process of its own; `until` is called with what it has said so far. */
async function train(
  line: string,
  until: (out: string, child: Deno.ChildProcess) => void = () => {},
): Promise<Said> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, ...line.split(" ")],
    env: { NO_COLOR: "1", HF_HOME: "/nowhere" },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  let out = "";
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      out += text;
      until(out, child);
    }
  };
  await Promise.all([read(child.stdout), read(child.stderr)]);
  return { code: (await child.status).code, out };
}

Deno.test({
  name: "runs that are killed at random moments go on to the bits of one that was not",
  ignore,
  timeout: LIMIT,
  fn: async () => {
    const { kills, whole, left } = await killRuns({ times: 6, perRun: 3 });
    assert.equal(Object.values(kills).reduce((a, b) => a + b), 6);
    for (const one of left) assert.deepEqual(one, whole);
  },
});

Deno.test({
  name: "a signal saves after the step and says how to go on; damage falls back to the save before",
  ignore,
  timeout: LIMIT,
  fn: async () => {
    await using dir = await temporaryFolder(await twoClasses());
    const line = `--data ${dir.path}/data ${TINY}`;
    assert.equal((await train(`${line} --run ${dir.path}/whole`)).code, 0);
    let sent = false;
    const once = (signal: Deno.Signal) => (out: string, child: Deno.ChildProcess) => {
      if (sent || !out.includes("epoch 2/4 2/5")) return;
      sent = true;
      child.kill(signal);
    };
    const first = await train(`${line} --run ${dir.path}/a --save-every 3`, once("SIGTERM"));
    assert.equal(first.code, 143, first.out);
    assert.match(first.out, /SIGTERM: the step is finished and saved/);
    const path = `${dir.path}/a`;
    const saved = await RunFolder.open(denoFiles, path);
    assert.ok(saved.checkpoint.step >= 7 && saved.checkpoint.step < 20, "in the middle");

    // Half of the last save is gone: the one before has all that is needed.
    await Deno.truncate(`${path}/last.safetensors`, 5000);
    const second = await train(`--resume ${path}`);
    assert.equal(second.code, 0, second.out);
    assert.match(second.out, /Warning: .*last\.safetensors.*goes on from previous\.safetensors/);
    assert.deepEqual(await leftIn(path), await leftIn(`${dir.path}/whole`));
    await Deno.truncate(`${path}/last.safetensors`, 5000);
    await Deno.truncate(`${path}/previous.safetensors`, 5000);
    await assert.rejects(RunFolder.open(denoFiles, path), CheckpointError);

    // Another image of another size under the same name.
    await Deno.writeFile(`${dir.path}/data/red/1.png`, (await twoClasses())["data/grey/0.png"]!);
    const other = await train(`--resume ${dir.path}/whole`);
    assert.equal(other.code, 3, other.out);
    assert.match(other.out, /other sizes than the run began with.*--allow-data-change/);
    const allowed = await train(`--resume ${dir.path}/whole --allow-data-change`);
    assert.equal(allowed.code, 0, allowed.out);
  },
});

Deno.test({
  name:
    "a supervised trainer that crashes is started again, and one that is told wrong things is not",
  ignore,
  timeout: LIMIT,
  fn: async () => {
    await using dir = await temporaryFolder(await twoClasses());
    const script = `
      const [log, ...args] = Deno.args;
      Deno.writeTextFileSync(log, args.join(" ") + "\\n", { append: true });
      const path = args[args.findIndex((a) => /^--(run|resume)$/.test(a)) + 1];
      Deno.mkdirSync(path, { recursive: true });
      const done = Deno.readTextFileSync(log).split("\\n").length - 1;
      if (args.includes("wrong")) Deno.exit(2);
      if (done === 2) Deno.writeTextFileSync(path + "/last.safetensors", "");
      if (done < 4) Deno.kill(Deno.pid, "SIGKILL");
    `;
    await Deno.writeTextFile(`${dir.path}/crash.ts`, script);
    const supervise = async (name: string, args: readonly string[], times = 3) => {
      const log = `${dir.path}/${name}.log`;
      const path = `${dir.path}/${name}`;
      const program = [Deno.execPath(), "run", "-A", `${dir.path}/crash.ts`, log];
      const given = ["--run", path, "--supervise", "3", ...args];
      const code = await superviseTraining(
        { run: path, model: "resnet18" },
        given,
        { times, backOff: 0.01, program },
      );
      return { code, starts: (await Deno.readTextFile(log)).trim().split("\n") };
    };
    const path = `${dir.path}/a`;
    assert.deepEqual(await supervise("a", ["--json"]), {
      code: 0,
      starts: [
        ...[`--run ${path} --json`, `--run ${path} --json`],
        ...[`--resume ${path} --json`, `--resume ${path} --json`],
      ],
    });
    assert.equal((await supervise("b", ["wrong"])).starts.length, 1);
    const few = await supervise("c", [], 1);
    assert.deepEqual([few.code, few.starts.length], [137, 2]);
  },
});

Deno.test("a lock keeps a second trainer out, and one that was left behind does not", async () => {
  await using dir = await temporaryFolder();
  const path = `${dir.path}/run`;
  const lock = await lockRun(path);
  await assert.rejects(lockRun(path), (error) => {
    assert.ok(error instanceof RunFolderError);
    assert.match(error.message, new RegExp(`process ${Deno.pid} on .* trains there`));
    return true;
  });
  await lock[Symbol.asyncDispose]();
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound, "nothing was left in it");

  // Of a process that is gone, and of one whose number is another's now: nobody holds them.
  for (const pid of [2 ** 22 + 1, Deno.pid]) {
    await Deno.mkdir(path, { recursive: true });
    await Deno.writeTextFile(`${path}/run.lock`, JSON.stringify({ pid, host: "h", started: "1" }));
    await (await lockRun(path))[Symbol.asyncDispose]();
  }
});
