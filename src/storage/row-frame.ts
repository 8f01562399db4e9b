import { crc32 } from 'node:zlib';
import { VectorDbError } from '../base/error.ts';

/** Bytes before a row's body: the format's version (1), then the checksum (4, little-endian). */
export const ROW_HEADER_BYTES = 5;

/** The version of all row formats that this program writes. */
const ROW_VERSION = 1;

/**
 * Room for a row with a body of so many bytes; the caller fills the body and then calls {@link sealRow}. The memory is the row's own.
 */
export function allocateRow(bodyBytes: number): Buffer {
  return Buffer.allocUnsafeSlow(ROW_HEADER_BYTES + bodyBytes);
}

/** Writes version and checksum: CRC-32 (ISO 3309, zlib's) of the key, then of the body, so that a value under a wrong key is noticed. */
export function sealRow(key: Uint8Array, row: Buffer): Buffer {
  row[0] = ROW_VERSION;
  row.writeUInt32LE(checksum(key, row), 1);
  return row;
}

/**
 * The row as a Buffer over the same memory, once its version and checksum hold.
 *
 * @param what - what the row is, for the error: `record 7 of shard 3`
 * @throws {VectorDbError} DATA_CORRUPT
 */
export function checkRow(key: Uint8Array, row: Uint8Array, what: () => string): Buffer {
  const bytes = Buffer.from(row.buffer, row.byteOffset, row.byteLength);
  if (bytes.length < ROW_HEADER_BYTES) throw corruptRow(what(), 'it is cut short');
  if (bytes[0] !== ROW_VERSION) throw corruptRow(what(), `its format ${bytes[0]} is not known`);
  if (bytes.readUInt32LE(1) !== checksum(key, bytes)) {
    throw corruptRow(what(), 'its checksum does not match');
  }
  return bytes;
}

/** The error for a row that cannot be what was written. */
export function corruptRow(what: string, why: string): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', `${what} is damaged: ${why}`);
}

function checksum(key: Uint8Array, row: Buffer): number {
  return crc32(row.subarray(ROW_HEADER_BYTES), crc32(key));
}
