/** Castagnoli's polynomial, reflected (Castagnoli, Bräuer, Herrmann 1993). */
const POLYNOMIAL = 0x82f63b78;

const byteAt = (bytes: Uint8Array, place: number): number => bytes[place] as number;
const of = (table: Int32Array, byte: number): number => table[byte] as number;

/** Table `k` has for each byte the remainder of it and `k` zero bytes behind it, so that eight bytes take eight look-ups that do not wait for each other. */
const [T0, T1, T2, T3, T4, T5, T6, T7] = makeTables();

function makeTables(): readonly [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
] {
  const table = (): Int32Array => new Int32Array(256);
  const tables = [table(), table(), table(), table(), table(), table(), table(), table()] as const;
  const [first] = tables;
  for (let byte = 0; byte < 256; byte += 1) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
    }
    first[byte] = remainder;
  }
  for (let byte = 0; byte < 256; byte += 1) {
    let remainder = of(first, byte);
    for (const later of tables.slice(1)) {
      remainder = (remainder >>> 8) ^ of(first, remainder & 255);
      later[byte] = remainder;
    }
  }
  return tables;
}

/**
 * CRC-32C of some bytes: a number in [0, 2^32).
 *
 * @param before - the CRC of the bytes that these follow, or any number below 2^32 that makes equal bytes in other places differ
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  let place = 0;
  const wholes = bytes.length - (bytes.length % 8);
  for (; place < wholes; place += 8) {
    const word =
      crc ^
      (byteAt(bytes, place) |
        (byteAt(bytes, place + 1) << 8) |
        (byteAt(bytes, place + 2) << 16) |
        (byteAt(bytes, place + 3) << 24));
    crc =
      of(T7, word & 255) ^
      of(T6, (word >>> 8) & 255) ^
      of(T5, (word >>> 16) & 255) ^
      of(T4, word >>> 24) ^
      of(T3, byteAt(bytes, place + 4)) ^
      of(T2, byteAt(bytes, place + 5)) ^
      of(T1, byteAt(bytes, place + 6)) ^
      of(T0, byteAt(bytes, place + 7));
  }
  for (; place < bytes.length; place += 1) {
    crc = of(T0, (crc ^ byteAt(bytes, place)) & 255) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
