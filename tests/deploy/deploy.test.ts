/** Tests of deploy/: manifests, scripts and the Dockerfile are sound, and name commands and flags that there are. */
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv";
import { parse } from "yaml";
import { mergeCommand } from "../../cli/merge.ts";
import { parseFlags } from "../../cli/flags.ts";
import { predictCommand } from "../../cli/predict.ts";
import { readTrainFlags, trainCommand } from "../../cli/train_flags.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { hasPackage, PYTHON, python } from "../python.ts";
import { JOB, MPI_JOB } from "./schemas.ts";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const deploy = `${root}deploy`;
const read = (name: string) => Deno.readTextFileSync(`${deploy}/${name}`);
const SCRIPTS = ["train.sh", "slurm/predict.sh", "slurm/merge.sh", "slurm/train.sh"];
const MANIFESTS = ["predict", "merge", "train", "mpijob"].map((name) => `kubernetes/${name}.yaml`);

/** What the tests look at in a pod. */
interface Pod {
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
    readonly command?: readonly string[];
    readonly args?: readonly string[];
    readonly resources: { readonly limits: Readonly<Record<string, unknown>> };
    readonly volumeMounts?: readonly { readonly name: string }[];
  }[];
  readonly volumes?: readonly { readonly name: string }[];
}

// deno-lint-ignore no-explicit-any -- checked by the schemas
type Manifest = any;

/** The pods of a manifest and how many of each there are. */
function podsOf({ kind, spec }: Manifest): readonly [pod: Pod, count: number][] {
  if (kind === "Job") return [[spec.template.spec, spec.completions ?? 1]];
  return Object.values<Manifest>(spec.mpiReplicaSpecs)
    .map(({ template, replicas }) => [template.spec, replicas]);
}

/** Words of verity's command line in those of a container; undefined for another program. */
function wordsOf(words: readonly string[]): readonly string[] | undefined {
  const script = words.findIndex((word) => word.endsWith("/train.sh"));
  if (script >= 0) return ["train", "--run", ...words.slice(script + 1)];
  return ["predict", "merge"].includes(words[0]!) ? words : undefined;
}

/** Reads a command line as verity does. */
function requireCommand([name, ...args]: readonly string[]): void {
  const parsed = name === "train"
    ? readTrainFlags(args)
    : parseFlags(name === "predict" ? predictCommand() : mergeCommand(), args);
  assert.ok("flags" in parsed);
}

/** The exit code of a program, and what it says. */
async function ran(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], env })
    .output();
  const text = new TextDecoder();
  return { code, said: text.decode(stdout) + text.decode(stderr) };
}

const exists = async (program: string) =>
  await ran(program, ["--version"]).then(({ code }) => code === 0, () => false);

Deno.test("manifests are as Kubernetes and the MPI operator want them, and mean what they say", () => {
  const ajv = new Ajv2020({ allErrors: true });
  const schemas = { Job: ajv.compile(JOB), MPIJob: ajv.compile(MPI_JOB) };
  const stages = [...read("Dockerfile").matchAll(/^FROM .* AS (\w+)$/gm)].map(([, name]) => name);
  for (const name of MANIFESTS) {
    const manifest: Manifest = parse(read(name));
    const valid = schemas[manifest.kind as "Job"];
    assert.equal(valid(manifest), true, `${name}: ${ajv.errorsText(valid.errors)}`);
    for (const [{ containers, volumes = [] }] of podsOf(manifest)) {
      const gpus = containers.map(({ resources }) => resources.limits["nvidia.com/gpu"] ?? 0);
      assert.ok(gpus.every((count) => Number(count) <= 1), `${name}: one GPU a container`);
      for (
        const { name: container, image, command = [], args = [], volumeMounts = [] } of containers
      ) {
        assert.ok(stages.includes(image.replace("verity:", "")), `${name}: ${image}`);
        const there = volumes.map((volume) => volume.name);
        assert.ok(
          volumeMounts.every((mount) => there.includes(mount.name)),
          `${name}: ${container}`,
        );
        const words = wordsOf([...command, ...args]);
        if (words) requireCommand(words);
        for (const path of [...command, ...args].filter((word) => word.startsWith("/verity/"))) {
          assert.ok(Deno.statSync(path.replace("/verity/", root)).mode! & 0o100, path);
        }
      }
      const rules = manifest.spec.podFailurePolicy?.rules ?? [];
      for (const { onExitCodes } of rules) {
        const names = containers.map((container) => container.name);
        if (onExitCodes) assert.ok(names.includes(onExitCodes.containerName));
      }
    }
  }
  const { spec }: Manifest = parse(read(MANIFESTS[0]!));
  assert.ok(spec.template.spec.containers[0].args.includes(`env/${spec.completions}`));
  const { spec: mpi }: Manifest = parse(read(MANIFESTS[3]!));
  const launched = mpi.mpiReplicaSpecs.Launcher.template.spec.containers[0].args;
  assert.equal(launched[1], `${mpi.mpiReplicaSpecs.Worker.replicas * mpi.slotsPerWorker}`);
});

Deno.test("a misspelt field of a manifest is found", () => {
  const valid = new Ajv2020().compile(JOB);
  const text = read(MANIFESTS[0]!);
  for (
    const [from, to] of [["completions:", "completion:"], ["Indexed", "indexed"], [
      "limits:",
      "limit:",
    ]]
  ) {
    assert.ok(!valid(parse(text.replace(from!, to!))), to);
  }
});

const VALIDATED = await hasPackage("kubernetes_validate");
Deno.test({
  name: `manifests of jobs pass Kubernetes' own schemas${
    VALIDATED ? "" : " (skipped: Python has no kubernetes-validate)"
  }`,
  ignore: !VALIDATED,
  async fn() {
    const files = MANIFESTS.slice(0, 3).map((name) => `${deploy}/${name}`);
    // The pods of the MPIJob as such: the operator makes them.
    await using folder = await temporaryFolder();
    for (const [i, [spec]] of podsOf(parse(read(MANIFESTS[3]!))).entries()) {
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "pod" }, spec };
      files.push(`${folder.path}/${i}.yaml`);
      await Deno.writeTextFile(files.at(-1)!, JSON.stringify(pod));
    }
    const { success, out, err } = await python("-m", "kubernetes_validate", "--strict", ...files);
    assert.ok(success, out + err);
  },
});

Deno.test("scripts are sound, and every flag of verity in them is one", async () => {
  const commands = { train: trainCommand(), predict: predictCommand(), merge: mergeCommand() };
  for (const name of SCRIPTS) {
    const text = read(name);
    const shell = /^#!\/bin\/(\w+)/.exec(text)![1]!;
    assert.equal((await ran(shell, ["-n", `${deploy}/${name}`])).code, 0, name);
    assert.ok(Deno.statSync(`${deploy}/${name}`).mode! & 0o100, name);
    const lines = text.replaceAll("\\\n", " ").split("\n").filter((line) => !line.startsWith("#"));
    for (const line of lines) {
      const [, command] = /(?:cli\.ts"|"\$verity") (\w+)|\/train\.sh"/.exec(line) ?? [];
      if (command === undefined && !line.includes('/train.sh"')) continue;
      const flags = line.slice(line.search(/cli\.ts|"\$verity"|train\.sh"/)).match(/ --[a-z-]+/g) ??
        [];
      const known = commands[(command ?? "train") as keyof typeof commands].options
        .map(({ long }) => long);
      for (const flag of flags) assert.ok(known.includes(flag.trim()), `${name}: ${flag}`);
    }
  }
});

const CHECKED = await exists("shellcheck");
Deno.test({
  name: `ShellCheck finds nothing in the scripts${
    CHECKED ? "" : " (skipped: shellcheck is missing)"
  }`,
  ignore: !CHECKED,
  async fn() {
    const { code, said } = await ran("shellcheck", SCRIPTS.map((name) => `${deploy}/${name}`));
    assert.equal(code, 0, said);
  },
});

Deno.test("the Dockerfile has pinned images, no root at the end of a stage, and verity's Deno", () => {
  const stages = read("Dockerfile").split(/^(?=FROM )/m).slice(1);
  const names = stages.map((stage) => / AS (\w+)\n/.exec(stage)![1]!);
  for (const [i, stage] of stages.entries()) {
    const from = /^FROM (\S+)/.exec(stage)![1]!;
    assert.ok(names.slice(0, i).includes(from) || /:[\w.-]*\d/.test(from), from);
    const users = [...stage.matchAll(/^USER (\d+)$/gm)].map(([, user]) => user);
    if (names[i] !== "deno") assert.equal(users.at(-1), "1000", names[i]);
  }
  const [, deno] = /^DENO=(\S+)/m.exec(Deno.readTextFileSync(`${root}verity`))!;
  assert.ok(stages[0]!.includes(`denoland/deno:bin-${deno}`));
  assert.match(read("Dockerfile"), /NVIDIA_DRIVER_CAPABILITIES=\S*graphics/);
});

const linter = `${PYTHON.replace(/[^/]*$/, "")}hadolint`;
const LINTED = await exists(linter);
Deno.test({
  name: `hadolint finds nothing in the Dockerfile${
    LINTED ? "" : " (skipped: hadolint is missing)"
  }`,
  ignore: !LINTED,
  async fn() {
    const { code, said } = await ran(linter, [`${deploy}/Dockerfile`]);
    assert.equal(code, 0, said);
    assert.equal(said, "");
  },
});

/** A folder with a program that stands for another one: first on the path. */
async function standIn(programs: Record<string, string>) {
  const folder = await temporaryFolder(
    Object.fromEntries(
      Object.entries(programs).map(([name, text]) => [`bin/${name}`, `#!/bin/bash\n${text}\n`]),
    ),
  );
  for (const name of Object.keys(programs)) await Deno.chmod(`${folder.path}/bin/${name}`, 0o755);
  return { folder, env: { PATH: `${folder.path}/bin:${Deno.env.get("PATH")}` } };
}

Deno.test("train.sh begins a run, goes on with it, and puts one without a checkpoint aside", async () => {
  const { folder, env } = await standIn({ deno: 'printf "%s " "$@"' });
  await using _ = folder;
  const run = `${folder.path}/run`;
  const train = async (more = {}) =>
    (await ran(`${deploy}/train.sh`, [run, "--data", "a b"], { ...env, ...more })).said;
  assert.match(await train(), /^run -A \/.*\/cli\.ts train --run \/\S*\/run --data a b $/);
  await Deno.mkdir(run);
  await Deno.writeTextFile(`${run}/config.json`, "{}");
  assert.match(await train({ OMPI_COMM_WORLD_RANK: "1" }), / train --run /);
  assert.ok((await Deno.stat(run)).isDirectory, "it is the first rank's affair");
  assert.match(await train(), / train --run .* it is now .*run-unfinished-\d+\n$/);
  await assert.rejects(Deno.stat(run), Deno.errors.NotFound);
  await Deno.mkdir(run);
  await Deno.writeTextFile(`${run}/last.safetensors`, "");
  assert.match(await train(), / train --resume \/\S*\/run --data a b $/);
});

Deno.test("Slurm's signal ends the step as SIGTERM does and puts the job in the queue again", async () => {
  const { folder, env } = await standIn({
    srun: 'trap "echo saved >>saved; exit 143" TERM; printf "%s " "$@" >args; ' +
      "echo >ready; while :; do sleep 0.05; done",
    scontrol: 'echo "$@" >requeued',
  });
  await using _ = folder;
  const at = (name: string) => `${folder.path}/${name}`;
  const job = new Deno.Command("bash", {
    args: [`${deploy}/slurm/train.sh`],
    cwd: folder.path,
    env: { ...env, DATA: "faces", RUN: "runs/A", VERITY: root, SLURM_JOB_ID: "42" },
  }).spawn();
  while (!await Deno.stat(at("ready")).catch(() => undefined)) {
    await new Promise((done) => setTimeout(done, 20));
  }
  job.kill("SIGUSR1");
  assert.equal((await job.status).code, 0);
  assert.equal(await Deno.readTextFile(at("saved")), "saved\n");
  assert.equal(await Deno.readTextFile(at("requeued")), "requeue 42\n");
  assert.match(
    await Deno.readTextFile(at("args")),
    /deploy\/train\.sh runs\/A --data faces --model /,
  );
});
