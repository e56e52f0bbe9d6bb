/** The pickle machine: what data it reads, and that nothing a pickle says is ever run. */
import assert from "node:assert/strict";
import { Inert, type Make, unpickle } from "../../models/pickle.ts";
import { join, numbers, text } from "./archive.ts";

/** A pickle: text is a line each, numbers are bytes. */
function pickle(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  return join(
    Uint8Array.of(0x80, 2),
    ...parts.map((part) =>
      typeof part === "number" ? Uint8Array.of(part) : typeof part === "string" ? text(part) : part
    ),
    Uint8Array.of(0x2e),
  );
}

const GLOBALS: ReadonlyMap<string, Make | null> = new Map<string, Make | null>([
  ["m.pair", (args) => ({ made: args })],
  ["m.inert", () => new Inert("m.inert")],
  ["m.type", null],
  ["collections.OrderedDict", () => new Map()],
]);

const read = (bytes: Uint8Array) => unpickle(bytes, { globals: GLOBALS }).value;

const VALUES: readonly (readonly [string, Uint8Array, unknown])[] = [
  ["none", pickle("N"), null],
  ["true", pickle(0x88), true],
  ["false", pickle(0x89), false],
  ["a byte", pickle("K", 200), 200],
  ["two bytes", pickle("M", 0x39, 0x30), 12345],
  ["a negative number", pickle("J", numbers([4, 2 ** 32 - 2])), -2],
  ["a long", pickle(0x8a, 1, 0xff), -1],
  ["an empty long", pickle(0x8a, 0), 0],
  ["a long beyond 2^53", pickle(0x8a, 8, numbers([8, 2 ** 60])), 2n ** 60n],
  ["a float", pickle("G", 0x3f, 0xf8, new Uint8Array(6)), 1.5],
  ["text", pickle("X", numbers([4, 3]), "äb"), "äb"],
  ["short text", pickle(0x8c, 1, "a"), "a"],
  ["long text", pickle(0x8d, numbers([8, 1]), "a"), "a"],
  ["text of Python 2", pickle("U", 2, "ab"), "ab"],
  ["bytes", pickle("C", 2, 1, 2), Uint8Array.of(1, 2)],
  ["tuples", pickle(")", "K", 1, 0x85, "K", 2, "K", 3, 0x86, 0x87), [[], [1], [2, 3]]],
  ["a marked tuple", pickle("(", "K", 1, "(", "K", 2, "t", "t"), [1, [2]]],
  ["a list", pickle("]", "(", "K", 1, "K", 2, "e", "N", "a"), [1, 2, null]],
  ["a set", pickle(0x8f, "(", "K", 1, 0x90), [1]],
  ["a dict", pickle("}", "U", 1, "a", "K", 1, "s"), new Map([["a", 1]])],
  [
    "a name as __proto__",
    pickle("}", "U", 9, "__proto__", "K", 1, "s"),
    new Map([["__proto__", 1]]),
  ],
  ["a remembered value", pickle("]", "q", 7, "N", 0x86, "h", 7, 0x86), [[[], null], []]],
  ["a value remembered in order", pickle("K", 5, 0x94, "h", 0, 0x86), [5, 5]],
  ["a call", pickle("cm\npair\n", "K", 1, 0x85, "R"), { made: [1] }],
  ["an object", pickle("cm\ninert\n", ")", 0x81, "}", "b"), new Inert("m.inert")],
  ["a dict with a state", pickle("ccollections\nOrderedDict\n", ")", "R", "N", "b"), new Map()],
  ["a name from the stack", pickle("U", 1, "m", "U", 4, "pair", 0x93, ")", "R"), { made: [] }],
];

for (const [what, bytes, value] of VALUES) {
  Deno.test(`unpickle() reads ${what}`, () => assert.deepEqual(read(bytes), value));
}

Deno.test("unpickle() begins anywhere, and says where the pickle ends", () => {
  const two = join(pickle("K", 1), pickle("K", 2));
  assert.deepEqual(unpickle(two, { globals: GLOBALS, at: 5 }), { value: 2, end: 10 });
});

Deno.test("unpickle() gives persistent ids to who knows them", () => {
  const bytes = pickle("K", 3, 0x85, "Q");
  const persistent = (id: unknown) => ({ id });
  assert.deepEqual(unpickle(bytes, { globals: GLOBALS, persistent }).value, { id: [3] });
});

const system = "cos\nsystem\n";

/** Pickles that would do something in Python, or hurt who reads them. */
const REFUSED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["a call of os.system", pickle(system, "U", 2, "id", 0x85, "R"), /names os\.system/],
  ["builtins.eval", pickle("cbuiltins\neval\n", "U", 1, "1", 0x85, "R"), /builtins\.eval/],
  ["a name from the stack", pickle("U", 5, "posix", "U", 6, "system", 0x93), /posix\.system/],
  ["a name that only looks allowed", pickle("cm.pair\nx\n"), /m\.pair\.x/],
  ["a name with its dot elsewhere", pickle("cm.\npair\n"), /m\.\.pair/],
  [
    "a name of an object's prototype",
    pickle("cconstructor\nprototype\n"),
    /constructor\.prototype/,
  ],
  ["a name that is no text", pickle("K", 1, "K", 2, 0x93), /no text/],
  ["a name with control characters", pickle("cm\n\x1b[2J\n"), /m\.\\u001b\[2J/],
  ["a very long name", pickle(`cm\n${"x".repeat(1e6)}\n`), /names m\.x{78}…/],
  ["an unfinished name", pickle("cos"), /ends after/],
  ["INST", pickle("(", "U", 2, "id", "ios\nsystem\n"), /operation INST/],
  ["OBJ", pickle("(", "cm\npair\n", "o"), /operation OBJ/],
  ["NEWOBJ_EX", pickle("cm\npair\n", ")", "}", 0x92), /operation NEWOBJ_EX/],
  ["a registered extension", pickle(0x82, 1), /operation EXT1/],
  ["a buffer from elsewhere", pickle(0x97), /operation NEXT_BUFFER/],
  ["a persistent id as a line", pickle("P1\n"), /operation PERSID/],
  ["a persistent id that nobody knows", pickle("N", "Q"), /persistent id/],
  ["an unknown operation", pickle(0xff), /operation 0xff/],
  ["protocol 0", text("I1\n."), /operation 0x49/],
  ["protocol 9", Uint8Array.of(0x80, 9, 0x4e, 0x2e), /protocol is 9/],
  ["a call of a value", pickle("N", ")", "R"), /calls what is no function/],
  ["a call of what was made", pickle("cm\ninert\n", ")", "R", ")", "R"), /no function/],
  ["a call of a type", pickle("cm\ntype\n", ")", "R"), /calls m\.type/],
  ["a call without a tuple", pickle("cm\npair\n", "N", "R"), /calls m\.pair/],
  ["a state for a function", pickle("cm\npair\n", "}", "b"), /sets the state/],
  ["a state for a list", pickle("]", "}", "b"), /sets the state/],
  ["a state for what a function made", pickle("cm\npair\n", ")", "R", "}", "b"), /sets the state/],
  ["items of a function", pickle("cm\npair\n", "N", "N", "s"), /no dict/],
  ["items that are no pairs", pickle("}", "(", "N", "u"), /no dict/],
  ["an item of a dict", pickle("}", "N", "a"), /no list/],
  ["values below a group", pickle("N", "(", 0x85), /stack is empty/],
  ["the end of no group", pickle("t"), /ends a group/],
  ["nothing", pickle(), /stack is empty/],
  ["a value that was never kept", pickle("h", 1), /recalls 1/],
  ["keeping nothing", pickle("q", 1), /stack is empty/],
  ["text longer than the file", pickle("X", numbers([4, 2 ** 32 - 1]), "a"), /ends after/],
  ["text longer than any file", pickle(0x8d, numbers([8, 2 ** 63]), "a"), /ends after/],
  ["text that is not UTF-8", pickle("U", 1, 0xff), /not UTF-8/],
  ["no end", pickle("N").subarray(0, 3), /ends after/],
  ["no byte", new Uint8Array(), /ends after 0 bytes/],
  ["operations without number", new Uint8Array(3e6).fill(0x4e), /more than 2000000/],
  ["groups without number", new Uint8Array(3e6).fill(0x28), /more than 2000000/],
];

for (const [what, bytes, message] of REFUSED) {
  Deno.test(`unpickle() refuses ${what}`, () => {
    assert.throws(() => read(bytes), (error) => {
      assert(error instanceof SyntaxError, String(error));
      assert.match(error.message, /^Cannot read the pickle: /);
      assert.match(error.message, message);
      assert(error.message.length < 250);
      return true;
    });
  });
}

Deno.test("unpickle() reads what contains itself, and what lies very deep", () => {
  const [list] = [read(pickle("]", "q", 0, "h", 0, "a"))] as unknown[][];
  assert.equal(list?.[0], list);
  const deep = pickle(new Uint8Array(4e5).fill(0x5d), new Uint8Array(4e5 - 1).fill(0x61));
  assert(Array.isArray(read(deep)));
});
