/** The checksum of zip and PNG files. Not for anything that an attacker may choose. */

const TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  let c = i;
  for (let bit = 0; bit < 8; bit++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  return c;
});

/** CRC-32 of bytes (ISO 3309), a number from 0 to 2^32 − 1. */
export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (c >>> 8) ^ TABLE[(c ^ byte) & 0xff]!;
  return ~c >>> 0;
}
