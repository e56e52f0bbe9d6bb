/** Hostile variants of small valid files, each a function of a seed and a number. Reads and judges nothing. */
import { type Random, sequence } from "../../data/random.ts";

/** A file to begin with, and words that mean something in its format. */
export interface Breeding {
  /** Small valid files. */
  readonly seeds: readonly Uint8Array[];
  /** Pieces that are put in: names of fields, magic numbers, paths that escape. */
  readonly words: readonly string[];
}

/** Integers at which lengths, counts and offsets go wrong. */
const EDGES = [
  ...[0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fffffffn, 0x80000000n],
  ...[0xffffffffn, 0x100000000n, 0x1fffffffffffffn, 0x20000000000000n, 0x7fffffffffffffffn],
  ...[0x8000000000000000n, 0xffffffffffffffffn],
];

type Bytes = Uint8Array<ArrayBuffer>;

/** A place in 0 … n − 1. */
const below = (random: Random, n: number) => Math.floor(random() * n);

/** `bytes` with the stretch from `from` to `to` replaced. */
function spliced(bytes: Uint8Array, [from, to]: readonly [number, number], by: Uint8Array): Bytes {
  const whole = new Uint8Array(from + by.length + bytes.length - to);
  whole.set(bytes.subarray(0, from));
  whole.set(by, from);
  whole.set(bytes.subarray(to), from + by.length);
  return whole;
}

/** A stretch of at most `most` bytes. */
function stretch(bytes: Uint8Array, random: Random, most = 64): [from: number, to: number] {
  const from = below(random, bytes.length + 1);
  return [from, Math.min(bytes.length, from + below(random, most))];
}

type Change = (bytes: Uint8Array, random: Random, breeding: Breeding) => Bytes;

/** What is done to a file, each as often as the others. */
const CHANGES: readonly Change[] = [
  function flipBit(bytes, random) {
    const changed = bytes.slice();
    if (changed.length > 0) changed[below(random, changed.length)]! ^= 1 << below(random, 8);
    return changed;
  },
  function setByte(bytes, random) {
    const changed = bytes.slice();
    if (changed.length > 0) changed[below(random, changed.length)] = below(random, 256);
    return changed;
  },
  function truncate(bytes, random) {
    return bytes.slice(0, below(random, bytes.length + 1));
  },
  function setInteger(bytes, random) {
    const changed = bytes.slice();
    const width = [1, 2, 4, 8][below(random, 4)]!;
    if (changed.length < width) return changed;
    const at = below(random, changed.length - width + 1);
    const edge = EDGES[below(random, EDGES.length)]! + BigInt(below(random, 3) - 1);
    const littleEndian = random() < 0.5;
    for (let i = 0; i < width; i++) {
      const shift = 8n * BigInt(littleEndian ? i : width - 1 - i);
      changed[at + i] = Number(BigInt.asUintN(64, edge) >> shift & 0xffn);
    }
    return changed;
  },
  function setDecimal(bytes, random) {
    const places = [...latin(bytes).matchAll(/-?\d+/g)];
    const place = places[below(random, places.length)];
    if (!place) return bytes.slice();
    const edge = EDGES[below(random, EDGES.length)]! * (random() < 0.2 ? -1n : 1n);
    const to = place.index + place[0].length;
    return spliced(bytes, [place.index, to], new TextEncoder().encode(`${edge}`));
  },
  function remove(bytes, random) {
    return spliced(bytes, stretch(bytes, random), new Uint8Array());
  },
  function repeat(bytes, random) {
    const [from, to] = stretch(bytes, random);
    const piece = bytes.slice(from, to);
    const times = random() < 0.9 ? 1 : 1 + below(random, 2000);
    const many = new Uint8Array(piece.length * times);
    for (let i = 0; i < times; i++) many.set(piece, i * piece.length);
    return spliced(bytes, [to, to], many);
  },
  function insertWord(bytes, random, { words }) {
    const word = new TextEncoder().encode(words[below(random, words.length)] ?? "\0");
    const at = below(random, bytes.length + 1);
    return spliced(
      bytes,
      [at, random() < 0.5 ? at : Math.min(bytes.length, at + word.length)],
      word,
    );
  },
  function cross(bytes, random, { seeds }) {
    const other = seeds[below(random, seeds.length)]!;
    return spliced(
      bytes,
      [below(random, bytes.length + 1), bytes.length],
      other.slice(
        below(random, other.length + 1),
      ),
    );
  },
  function move(bytes, random) {
    const [from, to] = stretch(bytes, random);
    const piece = bytes.slice(from, to);
    const rest = spliced(bytes, [from, to], new Uint8Array());
    const at = below(random, rest.length + 1);
    return spliced(rest, [at, at], piece);
  },
];

/** Bytes as text of as many characters. */
function latin(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes.subarray(0, 1 << 16));
}

/** Input number `index` of a seed: a valid file with one to four changes. */
export function mutant(breeding: Breeding, seed: number, index: number): Bytes {
  const random = sequence(seed, index);
  let bytes = breeding.seeds[below(random, breeding.seeds.length)]!.slice() as Bytes;
  for (let left = 1 + below(random, 4); left > 0; left--) {
    bytes = CHANGES[below(random, CHANGES.length)]!(bytes, random, breeding);
  }
  return bytes;
}
