/** ZIP archives: what is stored and deflated is read, and every lie of an archive is refused. */
import assert from "node:assert/strict";
import { zipContent, zipEntries } from "../../models/zip.ts";
import { type ArchiveFile, join, text, zipOf } from "./archive.ts";

const A: ArchiveFile = { name: "a/version", content: text("3\n") };
const B: ArchiveFile = { name: "a/data/0", content: new Uint8Array(70_000).map((_, i) => i % 251) };

async function contents(archive: Uint8Array): Promise<Record<string, Uint8Array>> {
  const read: Record<string, Uint8Array> = {};
  for (const [name, entry] of zipEntries(archive)) read[name] = await zipContent(entry);
  return read;
}

for (const deflate of [false, true]) {
  for (const zip64 of [false, true]) {
    Deno.test(`zipEntries() reads ${deflate ? "deflated" : "stored"} entries${zip64 ? " of ZIP64" : ""}`, async () => {
      const archive = zipOf([{ ...A, deflate }, { ...B, deflate }], {
        zip64,
        comment: "PK\x05\x06",
      });
      const shifted = new Uint8Array(archive.length + 3).subarray(3);
      shifted.set(archive);
      assert.deepEqual(await contents(shifted), { [A.name]: A.content, [B.name]: B.content });
    });
  }
}

Deno.test("zipContent() of a stored entry is a view: an archive is not copied", async () => {
  const archive = zipOf([B]);
  assert.equal((await zipContent(zipEntries(archive).get(B.name)!)).buffer, archive.buffer);
});

const lengthOf = (file: ArchiveFile) => zipOf([file]).length;

const REFUSED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["bytes without a directory", new Uint8Array(100), /directory is missing/],
  ["fewer bytes than a directory has", new Uint8Array(3), /directory is missing/],
  ["an archive cut short", zipOf([A, B]).subarray(0, -1), /directory is missing/],
  ["an archive whose beginning is cut off", zipOf([A, B]).subarray(5), /directory ends at byte/],
  ["an archive behind other bytes", join(text("GIF89a"), zipOf([A])), /directory ends at byte/],
  ["fewer entries than it says", zipOf([A], { count: 2 }), /ends after/],
  ["more entries than it says", zipOf([A, B], { count: 1 }), /more entries/],
  [
    "more entries than there are numbers",
    zipOf([A], { zip64: true, count: 2 ** 53 }),
    /ends after/,
  ],
  ["a name twice", zipOf([A, A]), /"a\/version" twice/],
  ["another name at its place", zipOf([{ ...A, localName: "b" }]), /"a\/version" where "b" is/],
  ["two entries in one place", zipOf([B, { ...B, name: "c", localName: "c", offset: 0 }]), /where/],
  ["an entry within another", overlapping(), /"inner" lies over "outer"/],
  ["an entry behind the end", zipOf([{ ...A, offset: 2 ** 31 }]), /ends after/],
  [
    "an entry in the directory",
    zipOf([{ ...A, offset: lengthOf(A) - 30 }]),
    /ends after|is not at/,
  ],
  ["encryption", zipOf([{ ...A, flags: 1 }]), /encrypted/],
  ["another method", zipOf([{ ...A, method: 14 }]), /method 14/],
  ["another size of a stored entry", zipOf([{ ...A, size: 1e9 }]), /1000000000 bytes in 2/],
  ["names that are not UTF-8", zipOf([A]).map((b) => b === 0x76 ? 0xff : b), /not UTF-8/],
  [
    "a bomb",
    zipOf([{ name: "bomb", content: new Uint8Array(2e6), deflate: true }]),
    /unpacks to 2000000 bytes, at most 1048576/,
  ],
  [
    "a size beyond every memory",
    zipOf([{ ...B, deflate: true, size: 2 ** 52 }], { zip64: true }),
    /unpacks to 4503599627370496 bytes/,
  ],
];

/** A stored archive in an archive, with one directory that lists entries of both. */
function overlapping(): Uint8Array {
  const inner = { name: "inner", content: text("inside") };
  const outer = { name: "outer", content: zipOf([inner]) };
  const begin = zipOf([outer]).indexOf(0x50, 4);
  return zipOf([outer, { ...inner, offset: begin }]);
}

for (const [what, archive, message] of REFUSED) {
  Deno.test(`zipEntries() refuses ${what}`, () => {
    assert.throws(() => zipEntries(archive), (error) => {
      assert(error instanceof SyntaxError, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

const DAMAGED: readonly (readonly [string, ArchiveFile])[] = [
  ["content of another checksum", { ...A, crc: 1 }],
  ["deflated content that is longer than it says", { ...B, deflate: true, size: 69_999 }],
  ["deflated content that is shorter than it says", { ...B, deflate: true, size: 70_001 }],
  ["deflated content that is none", { ...B, method: 8, size: 70_000 }],
];

for (const [what, file] of DAMAGED) {
  Deno.test(`zipContent() refuses ${what}`, async () => {
    await assert.rejects(contents(zipOf([file])), (error) => {
      assert(error instanceof SyntaxError, String(error));
      assert.match(error.message, /is damaged/);
      return true;
    });
  });
}
