/** The runner: a program made ready once and replayed. Makes no decision of its own. */

import { constantValues, type Tensor } from "../graph.ts";
import { type Location, MemoryError, type Program } from "../compile/program.ts";
import { bufferBytes } from "../compile/formats.ts";
import type { Device } from "./device.ts";
import {
  createStorage,
  errorOf,
  explained,
  fromMemory,
  type Memory,
  padRows,
  readStaging,
} from "./memory.ts";
import { Pace } from "./pace.ts";
import { numbersBytes, pipelineFor } from "./pipelines.ts";
import { type Span, timeDispatches } from "./profile.ts";

interface Ready {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly grid: readonly [number, number, number];
}

/** A program with its pipelines, buffers and bind groups. */
export class Runner {
  readonly #device: Device;
  readonly #buffers: readonly GPUBuffer[];
  readonly #own: readonly GPUBuffer[];
  readonly #ready: readonly Ready[];
  readonly #pace: Pace;
  /** When the last run that was timed was done, in milliseconds. */
  #done = 0;
  /** Buffers that the host reads from. */
  readonly #staging = new Set<GPUBuffer>();
  /** Those of them that wait for the next reading, by what they were for. */
  readonly #idle = new Map<Tensor, GPUBuffer>();

  private constructor(
    readonly program: Program,
    device: Device,
    buffers: readonly GPUBuffer[],
    own: readonly GPUBuffer[],
    ready: readonly Ready[],
  ) {
    this.#device = device;
    this.#buffers = buffers;
    this.#own = own;
    this.#ready = ready;
    // About what a GPU takes: some ten operations in the time of a byte.
    const costs = program.dispatches.map(({ bytes, macs }) => bytes + macs / 5);
    this.#pace = new Pace(costs, !device.software);
  }

  /** Builds everything that `run` needs. Throws MemoryError where the device has no room for it. */
  static async create(program: Program, memory: Memory): Promise<Runner> {
    const { device } = memory;
    const own: GPUBuffer[] = [];
    try {
      const { buffers, numbers } = await allocate(program, memory, own);
      const ready = await prepare(program, device, { buffers, numbers });
      return new Runner(program, device, buffers, own, ready);
    } catch (error) {
      own.forEach((b) => b.destroy());
      return await explained(device, error);
    }
  }

  /**
   * Runs the program once: one submit, several on a slow device that is watched, nothing created, nothing
   * read. Throws what went wrong before, see `check` of {@linkcode Device}; TypeError where it has pauses.
   */
  run(): void {
    const { length } = this.program.pauses;
    if (length) {
      throw new TypeError(`Cannot run: the program has ${length} pauses, none were needed`);
    }
    this.#device.check();
    const start = performance.now();
    this.#submit(0, this.#ready.length);
    // Where the device is lost meanwhile, `check` says so.
    if (this.#pace.asks) this.#time(start).catch(() => {});
  }

  /**
   * Runs the program once, with its pauses: `gather` gives what each rank has, in their order, for what this one has.
   * Throws what went wrong before or meanwhile.
   */
  async runAcross(
    gather: (own: Float32Array<ArrayBuffer>) => Promise<readonly Float32Array[]>,
  ): Promise<void> {
    let from = 0;
    for (const { after, value, from: source, to } of this.program.pauses) {
      this.#device.check();
      if (after > from) this.#submit(from, after);
      from = after;
      const [operand] = value.operands as [Tensor];
      const own = fromMemory(operand, await this.#readBytes(operand, source)).slice();
      const all = padRows(value, value.op.across!(value, await gather(own)));
      this.#device.gpu.queue.writeBuffer(this.#buffers[to.buffer]!, to.offset, all);
    }
    this.#device.check();
    this.#submit(from, this.#ready.length);
  }

  /** Submits dispatches from one up to another. */
  #submit(from: number, to: number): void {
    const { gpu } = this.#device;
    for (const end of [...this.#pace.ends.filter((e) => from < e && e < to), to]) {
      const encoder = gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (; from < end; from++) record(this.#ready[from]!, pass);
      pass.end();
      gpu.queue.submit([encoder.finish()]);
    }
  }

  /** Tells the pace how long the run took that was submitted last, from when the one before was done. */
  async #time(start: number): Promise<void> {
    await this.#device.gpu.queue.onSubmittedWorkDone();
    const now = performance.now();
    this.#pace.took((now - Math.max(start, this.#done)) / 1000);
    this.#done = now;
  }

  /** Runs the program once and says when each dispatch ran. See `timeDispatches`. */
  profile(): Promise<Span[]> {
    return timeDispatches(
      this.#device,
      this.#ready.map((ready) => (pass: GPUComputePassEncoder) => record(ready, pass)),
    );
  }

  /** The numbers of an input or output after the runs so far, row-major. */
  async read(t: Tensor): Promise<Float32Array> {
    const place = this.program.locations.get(t);
    if (!place) {
      throw new TypeError(
        `Cannot read ${t}: the program does not know it, an input or output was needed`,
      );
    }
    return fromMemory(t, await this.#readBytes(t, place));
  }

  async #readBytes(t: Tensor, { buffer, offset }: Location): Promise<ArrayBuffer> {
    const { gpu } = this.#device;
    const size = bufferBytes(t);
    const staging = this.#idle.get(t) ?? gpu.createBuffer({
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      label: "staging",
    });
    this.#staging.add(staging);
    this.#idle.delete(t); // no other read may use it meanwhile
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#buffers[buffer]!, offset, staging, 0, size);
    gpu.queue.submit([encoder.finish()]);
    try {
      const bytes = await readStaging(this.#device, staging);
      if (this.#idle.has(t)) this.#discard(staging);
      else this.#idle.set(t, staging);
      return bytes;
    } catch (error) {
      this.#discard(staging);
      throw error;
    }
  }

  #discard(staging: GPUBuffer): void {
    staging.destroy();
    this.#staging.delete(staging);
  }

  /** Frees the buffers of this program; inputs and states stay. */
  destroy(): void {
    this.#own.forEach((b) => b.destroy());
    for (const b of this.#staging) b.destroy();
  }
}

function record({ pipeline, group, grid }: Ready, pass: GPUComputePassEncoder): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...grid);
}

/** The buffers of a program. */
interface Buffers {
  readonly buffers: readonly GPUBuffer[];
  readonly numbers: Numbers | undefined;
}

/** The buffers of a program; those that it does not share are added to `own`. */
async function allocate(program: Program, memory: Memory, own: GPUBuffer[]): Promise<Buffers> {
  const { device } = memory;
  const { gpu } = device;
  const buffers: GPUBuffer[] = [];
  let numbers: Numbers | undefined;
  const error = await errorOf(gpu, ["out-of-memory", "validation"], () => {
    // They are zero already; once told so, the device no longer looks for what was never written.
    const fresh = gpu.createCommandEncoder();
    for (const [i, { size, holds }] of program.buffers.entries()) {
      const values = holds && constantValues(holds);
      if (holds && !values) {
        buffers.push(memory.buffer(holds));
        continue;
      }
      const buffer = createStorage(device, size, `heap ${i}`);
      buffers.push(buffer);
      own.push(buffer);
      if (holds && values) gpu.queue.writeBuffer(buffer, 0, padRows(holds, values));
      else fresh.clearBuffer(buffer);
    }
    gpu.queue.submit([fresh.finish()]);
    numbers = writeNumbers(program, device, own);
  });
  device.check(); // what it was fed before may have had no room
  if (error && !(error instanceof GPUOutOfMemoryError)) throw refused(error);
  if (error) {
    const bytes = program.buffers.reduce((n, b) => n + b.size, 0);
    throw new MemoryError(
      `Cannot hold the program: its buffers take ${(bytes / 2 ** 20).toFixed(0)} MiB, more than ` +
        "the device has free; a smaller batch or image size is needed",
      { cause: error },
    );
  }
  return { buffers, numbers };
}

function refused({ message }: GPUError): Error {
  return new Error(`Cannot build the program: ${message}, a valid program was needed`);
}

/** The numbers of dispatches in one buffer, and where in it those of each begin, in bytes. */
interface Numbers {
  readonly buffer: GPUBuffer;
  readonly offsets: readonly number[];
}

/** Numbers of a dispatch begin at multiples of these bytes: what every device can bind apart. */
const NUMBERS_ALIGNMENT = 256;

/** A buffer with the numbers of every dispatch, added to `own`; undefined without any. */
function writeNumbers(
  { dispatches }: Program,
  { gpu }: Device,
  own: GPUBuffer[],
): Numbers | undefined {
  if (!dispatches.some((d) => d.numbers.length)) return undefined;
  let end = 0;
  const offsets = dispatches.map(({ numbers }) => {
    const at = end;
    end += Math.ceil(numbersBytes(numbers) / NUMBERS_ALIGNMENT) * NUMBERS_ALIGNMENT;
    return at;
  });
  const values = new Uint32Array(end / 4);
  dispatches.forEach(({ numbers }, i) => values.set(numbers, offsets[i]! / 4));
  const buffer = gpu.createBuffer({
    size: values.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    label: "numbers",
  });
  own.push(buffer);
  gpu.queue.writeBuffer(buffer, 0, values);
  return { buffer, offsets };
}

/** The pipelines and bind groups of a program. */
async function prepare(
  program: Program,
  device: Device,
  { buffers, numbers }: Buffers,
): Promise<Ready[]> {
  const ready: Ready[] = [];
  const error = await errorOf(device.gpu, ["validation"], async () => {
    for (const [i, dispatch] of program.dispatches.entries()) {
      const { pipeline, layout } = await pipelineFor(device, dispatch);
      const bound = dispatch.bindings.map(({ buffer, offset, size }) => ({
        buffer: buffers[buffer]!,
        offset,
        size,
      }));
      if (numbers && dispatch.numbers.length) {
        const size = numbersBytes(dispatch.numbers);
        bound.push({ buffer: numbers.buffer, offset: numbers.offsets[i]!, size });
      }
      const group = device.gpu.createBindGroup({
        layout,
        entries: bound.map((resource, binding) => ({ binding, resource })),
      });
      ready.push({ pipeline, group, grid: dispatch.grid });
    }
  });
  if (error) throw refused(error);
  return ready;
}
