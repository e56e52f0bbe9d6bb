/** Bytes read in order, little-endian, never past their end. Knows no format. */

/** Reads numbers, text and parts of bytes one after another. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at: number;

  /** Begins at `at`; `what` is the thing that the bytes are, for messages. */
  constructor(bytes: Uint8Array, what: string, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.#at = at;
  }

  /** Where the next byte is. */
  get at(): number {
    return this.#at;
  }

  /** A whole number from 0 of so many bytes; one beyond 2^53 is rounded, and longer than any file. */
  unsigned(size: 1 | 2 | 4 | 8): number {
    const at = this.skip(size);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at, true);
    if (size === 4) return this.#view.getUint32(at, true);
    return Number(this.#view.getBigUint64(at, true));
  }

  /** A whole number of 4 bytes. */
  int32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }

  /** A number of 8 bytes, the highest first: network order. */
  float64(): number {
    return this.#view.getFloat64(this.skip(8));
  }

  /** The next bytes, a view of them. */
  take(length: number): Uint8Array {
    const at = this.skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** The next bytes as UTF-8. Throws SyntaxError where they are none. */
  text(length: number): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(length));
    } catch (error) {
      if (error instanceof SyntaxError) throw error;
      throw new SyntaxError(`Cannot read ${this.#what}: a text is not UTF-8, UTF-8 was needed`);
    }
  }

  /** The text up to the next line feed, which counts as read. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    const line = this.text((end < 0 ? this.#bytes.length : end) - this.#at);
    this.skip(1);
    return line;
  }

  /** Where the next `length` bytes begin; they count as read. Throws SyntaxError past the end. */
  skip(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) {
      throw new SyntaxError(
        `Cannot read ${this.#what}: it ends after ${this.#bytes.length} bytes, ` +
          `at least ${at + length} were needed`,
      );
    }
    this.#at = at + length;
    return at;
  }
}
