/** Checksums of files: of ZIP and PNG, and of TensorBoard's. Not for anything that an attacker may choose. */

/** The remainder of each byte by a polynomial whose bits are reversed. */
function tableOf(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, i) => {
    let c = i;
    for (let bit = 0; bit < 8; bit++) c = (c >>> 1) ^ (c & 1 ? polynomial : 0);
    return c;
  });
}

const ISO = tableOf(0xedb88320);
const CASTAGNOLI = tableOf(0x82f63b78);

/** CRC-32 of bytes (ISO 3309), a number from 0 to 2^32 − 1. */
export function crc32(bytes: Uint8Array): number {
  return checksum(bytes, ISO);
}

/** CRC-32C of bytes (Castagnoli's polynomial, RFC 3720), a number from 0 to 2^32 − 1. */
export function crc32c(bytes: Uint8Array): number {
  return checksum(bytes, CASTAGNOLI);
}

function checksum(bytes: Uint8Array, table: Uint32Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (c >>> 8) ^ table[(c ^ byte) & 0xff]!;
  return ~c >>> 0;
}
