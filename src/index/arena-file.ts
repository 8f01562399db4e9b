import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { assert } from '../base/assert.ts';
import { VectorDbError } from '../base/error.ts';

/** Bytes read or written at a time. */
const BLOCK_BYTES = 1 << 18;

/** Gives rows `first` up to, not including, `last` as they lie in memory: `width` numbers each; may give fewer, never none. */
export type RowSpan = (
  first: number,
  last: number,
) => { readonly numbers: Float32Array; readonly width: number };

/**
 * Writes rows without their padding: `dimension` float32 numbers each, little-endian.
 *
 * @returns the CRC-32 of what was written
 */
export function writeRows(
  fd: number,
  position: number,
  dimension: number,
  rows: number,
  span: RowSpan,
): number {
  assertLittleEndian();
  let crc = 0;
  let at = position;
  const rowsAtOnce = Math.max(1, Math.floor(BLOCK_BYTES / (dimension * 4)));
  for (let first = 0; first < rows;) {
    const { numbers, width } = span(first, Math.min(rows, first + rowsAtOnce));
    const bytes = asBytes(width === dimension ? numbers : narrowed(numbers, width, dimension));
    for (let done = 0; done < bytes.length;) {
      done += writeSync(fd, bytes, done, bytes.length - done, at + done);
    }
    crc = crc32(bytes, crc);
    at += bytes.length;
    first += numbers.length / width;
  }
  return crc;
}

/**
 * Reads rows that {@link writeRows} wrote at the start of a file.
 *
 * @returns the CRC-32 of what was read
 * @throws {VectorDbError} DATA_CORRUPT when the file is too short
 */
export function readRows(path: string, dimension: number, rows: number, span: RowSpan): number {
  assertLittleEndian();
  const fd = openSync(path, 'r');
  try {
    let crc = 0;
    let at = 0;
    const rowsAtOnce = Math.max(1, Math.floor(BLOCK_BYTES / (dimension * 4)));
    for (let first = 0; first < rows;) {
      const { numbers, width } = span(first, Math.min(rows, first + rowsAtOnce));
      const count = numbers.length / width;
      const target = width === dimension ? numbers : new Float32Array(count * dimension);
      const bytes = asBytes(target);
      readFully(fd, bytes, at, path);
      crc = crc32(bytes, crc);
      if (target !== numbers) {
        for (let row = 0; row < count; row += 1) {
          numbers.set(target.subarray(row * dimension, (row + 1) * dimension), row * width);
        }
      }
      at += bytes.length;
      first += count;
    }
    return crc;
  } finally {
    closeSync(fd);
  }
}

function readFully(fd: number, bytes: Uint8Array, position: number, path: string): void {
  for (let done = 0; done < bytes.length;) {
    const read = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (read === 0) throw new VectorDbError('DATA_CORRUPT', `${path}: shorter than its rows`);
    done += read;
  }
}

function narrowed(numbers: Float32Array, width: number, dimension: number): Float32Array {
  const rows = numbers.length / width;
  const copy = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row += 1) {
    copy.set(numbers.subarray(row * width, row * width + dimension), row * dimension);
  }
  return copy;
}

function asBytes(numbers: Float32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function assertLittleEndian(): void {
  assert(endianness() === 'LE', 'memory is little-endian, as files are');
}
