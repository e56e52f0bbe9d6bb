/** The pickle machine, for data alone: lists, dicts and what an allow-list makes. Runs no code and knows no PyTorch. */

import { ByteReader } from "./byte_reader.ts";

/** What a call of an allowed global makes of its arguments. */
export type Make = (args: readonly unknown[]) => unknown;

/** A global that a file names: a mark, never a function of the program. */
export class Global {
  /** `name` is the module's and the global's, `make` what stands in for a call. */
  constructor(readonly name: string, readonly make: Make | null) {}
}

/** A value without use here, of a class that is allowed for being harmless; its content is dropped. */
export class Inert {
  /** `name` is the class's. */
  constructor(readonly name: string) {}
}

/** What a file may name and how it is read. */
export interface PickleOptions {
  /** By `module.name`; null for what may be named but not called. Any other global refuses the file. */
  readonly globals: ReadonlyMap<string, Make | null>;
  /** The value of a persistent id; without it a file with one is refused. */
  readonly persistent?: (id: unknown) => unknown;
  /** Where the pickle begins. Default 0. */
  readonly at?: number;
}

/**
 * Most operations that a pickle may have. A tensor of a state dict takes about 40. An operation adds at
 * most one value to the stack, the memo or a container, so this bounds those too; nothing recurses, so
 * depth needs no bound.
 */
const MAX_OPERATIONS = 2_000_000;

/**
 * Reads one pickle: dicts become maps; lists, tuples and sets arrays; whole numbers beyond 2^53 bigints.
 * Gives the value and where the pickle ends. Semantics: Python's pickletools, less everything that
 * PyTorch does not write. Throws SyntaxError, with the name of a global that is not allowed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * const two = Uint8Array.of(0x80, 2, 0x4b, 2, 0x2e); // PROTO 2, BININT1 2, STOP
 * assert.deepEqual(unpickle(two, { globals: new Map() }), { value: 2, end: 5 });
 * ```
 */
export function unpickle(
  bytes: Uint8Array,
  options: PickleOptions,
): { readonly value: unknown; readonly end: number } {
  const machine = new Machine(new ByteReader(bytes, "the pickle", options.at), options);
  for (let count = 0; count < MAX_OPERATIONS; count++) {
    const opcode = machine.reader.unsigned(1);
    if (opcode === STOP) return { value: machine.pop(), end: machine.reader.at };
    const [name, operate] = OPERATIONS.get(opcode) ?? [`0x${opcode.toString(16)}`, null];
    if (!operate) {
      throw broken(`it has the operation ${name}`, "those that a state dict takes were needed");
    }
    operate(machine);
  }
  throw broken(`it has more than ${MAX_OPERATIONS} operations`, "fewer were needed");
}

const STOP = 0x2e;

/** What PyTorch writes under protocols 2 to 5; null for what it does not write. */
const OPERATIONS = new Map<number, readonly [name: string, ((m: Machine) => void) | null]>([
  [0x80, ["PROTO", (m) => m.protocol()]],
  [0x95, ["FRAME", (m) => m.reader.skip(8)]],

  [0x4e, ["NONE", (m) => m.push(null)]],
  [0x88, ["NEWTRUE", (m) => m.push(true)]],
  [0x89, ["NEWFALSE", (m) => m.push(false)]],
  [0x4b, ["BININT1", (m) => m.push(m.reader.unsigned(1))]],
  [0x4d, ["BININT2", (m) => m.push(m.reader.unsigned(2))]],
  [0x4a, ["BININT", (m) => m.push(m.reader.int32())]],
  [0x8a, ["LONG1", (m) => m.push(wholeNumber(m.reader.take(m.reader.unsigned(1))))]],
  [0x47, ["BINFLOAT", (m) => m.push(m.reader.float64())]],
  // Python 2 wrote names as byte strings.
  [0x55, ["SHORT_BINSTRING", (m) => m.push(m.reader.text(m.reader.unsigned(1)))]],
  [0x54, ["BINSTRING", (m) => m.push(m.reader.text(m.reader.unsigned(4)))]],
  [0x8c, ["SHORT_BINUNICODE", (m) => m.push(m.reader.text(m.reader.unsigned(1)))]],
  [0x58, ["BINUNICODE", (m) => m.push(m.reader.text(m.reader.unsigned(4)))]],
  [0x8d, ["BINUNICODE8", (m) => m.push(m.reader.text(m.reader.unsigned(8)))]],
  [0x43, ["SHORT_BINBYTES", (m) => m.push(m.reader.take(m.reader.unsigned(1)))]],
  [0x42, ["BINBYTES", (m) => m.push(m.reader.take(m.reader.unsigned(4)))]],
  [0x8e, ["BINBYTES8", (m) => m.push(m.reader.take(m.reader.unsigned(8)))]],

  [0x28, ["MARK", (m) => m.mark()]],
  [0x29, ["EMPTY_TUPLE", (m) => m.push([])]],
  [0x85, ["TUPLE1", (m) => m.push(m.popMany(1))]],
  [0x86, ["TUPLE2", (m) => m.push(m.popMany(2))]],
  [0x87, ["TUPLE3", (m) => m.push(m.popMany(3))]],
  [0x74, ["TUPLE", (m) => m.push(m.popToMark())]],
  [0x5d, ["EMPTY_LIST", (m) => m.push([])]],
  [0x61, ["APPEND", (m) => m.append(m.popMany(1))]],
  [0x65, ["APPENDS", (m) => m.append(m.popToMark())]],
  [0x8f, ["EMPTY_SET", (m) => m.push([])]],
  [0x90, ["ADDITEMS", (m) => m.append(m.popToMark())]],
  [0x91, ["FROZENSET", (m) => m.push(m.popToMark())]],
  [0x7d, ["EMPTY_DICT", (m) => m.push(new Map())]],
  [0x73, ["SETITEM", (m) => m.setItems(m.popMany(2))]],
  [0x75, ["SETITEMS", (m) => m.setItems(m.popToMark())]],

  [0x71, ["BINPUT", (m) => m.remember(m.reader.unsigned(1))]],
  [0x72, ["LONG_BINPUT", (m) => m.remember(m.reader.unsigned(4))]],
  [0x94, ["MEMOIZE", (m) => m.remember(m.memo.size)]],
  [0x68, ["BINGET", (m) => m.recall(m.reader.unsigned(1))]],
  [0x6a, ["LONG_BINGET", (m) => m.recall(m.reader.unsigned(4))]],

  [0x63, ["GLOBAL", (m) => m.global(m.reader.line(), m.reader.line())]],
  [0x93, ["STACK_GLOBAL", (m) => m.global(...m.popMany(2) as [unknown, unknown])]],
  [0x52, ["REDUCE", (m) => m.call()]],
  [0x81, ["NEWOBJ", (m) => m.call()]],
  [0x62, ["BUILD", (m) => m.build()]],
  [0x51, ["BINPERSID", (m) => m.persistent()]],

  [0x69, ["INST", null]],
  [0x6f, ["OBJ", null]],
  [0x92, ["NEWOBJ_EX", null]],
  [0x82, ["EXT1", null]],
  [0x83, ["EXT2", null]],
  [0x84, ["EXT4", null]],
  [0x50, ["PERSID", null]],
  [0x97, ["NEXT_BUFFER", null]],
  [0x98, ["READONLY_BUFFER", null]],
]);

/** The state of one reading. */
class Machine {
  readonly memo = new Map<number, unknown>();
  readonly #stack: unknown[] = [];
  /** For each open group, how many values lay below it. */
  readonly #marks: number[] = [];

  constructor(readonly reader: ByteReader, readonly options: PickleOptions) {}

  protocol(): void {
    const protocol = this.reader.unsigned(1);
    if (protocol < 2 || protocol > 5) {
      throw broken(`its protocol is ${protocol}`, "2 to 5 was needed");
    }
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") {
      throw broken("it names a global by what is no text", "a name was needed");
    }
    const full = `${module}.${name}`;
    const make = this.options.globals.get(full);
    if (make === undefined) {
      throw broken(
        `it names ${show(full)}, which is not run`,
        "a state dict of tensors alone was needed",
      );
    }
    this.push(new Global(full, make));
  }

  call(): void {
    const [callee, args] = this.popMany(2);
    if (!(callee instanceof Global) || !callee.make || !Array.isArray(args)) {
      const what = callee instanceof Global ? callee.name : "what is no function";
      throw broken(`it calls ${what}`, "a function of state dicts and a tuple were needed");
    }
    this.push(callee.make(args));
  }

  /** Gives an object its state. Ordered dicts have one and what is of no use: neither needs it. */
  build(): void {
    const [object] = this.popMany(2);
    if (!(object instanceof Map || object instanceof Inert)) {
      throw broken("it sets the state of what has none", "a dict was needed");
    }
    this.push(object);
  }

  persistent(): void {
    const { persistent } = this.options;
    if (!persistent) throw broken("it has a persistent id", "none was needed");
    this.push(persistent(this.pop()));
  }

  append(items: readonly unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw broken("it appends to what is no list", "a list was needed");
    for (const item of items) list.push(item);
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.#top();
    if (!(dict instanceof Map) || items.length % 2 !== 0) {
      throw broken("it sets items of what is no dict", "a dict and pairs were needed");
    }
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  remember(key: number): void {
    this.memo.set(key, this.#top());
  }

  recall(key: number): void {
    if (!this.memo.has(key)) throw broken(`it recalls ${key}`, "a value kept before was needed");
    this.push(this.memo.get(key));
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    return this.popMany(1)[0];
  }

  popMany(count: number): unknown[] {
    this.#require(count);
    return this.#stack.splice(-count);
  }

  popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw broken("it ends a group", "one that was begun was needed");
    return this.#stack.splice(mark);
  }

  #top(): unknown {
    this.#require(1);
    return this.#stack.at(-1);
  }

  /** A group cannot reach the values below it. */
  #require(count: number): void {
    if (this.#stack.length - (this.#marks.at(-1) ?? 0) < count) {
      throw broken("its stack is empty", `${count} values were needed`);
    }
  }
}

/** Two's complement, little-endian. */
function wholeNumber(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (const byte of bytes.toReversed()) value = value << 8n | BigInt(byte);
  value = BigInt.asIntN(8 * bytes.length, value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A name of the file as part of a message: neither long nor with control characters. */
function show(name: string): string {
  const shown = JSON.stringify(name).slice(1, -1);
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}

function broken(is: string, needed: string): SyntaxError {
  return new SyntaxError(`Cannot read the pickle: ${is}, ${needed}`);
}
