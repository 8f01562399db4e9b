import { writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { assert, must } from '../base/assert.ts';
import { VectorDbError } from '../base/error.ts';

/** Bytes written at a time. */
const BLOCK_BYTES = 1 << 18;
/** Bytes of one read. */
const READ_BYTES = 1 << 20;
const READS_AT_ONCE = 3;

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
 * Reads rows that {@link writeRows} wrote at the start of a file, some blocks at once: most of it is memory that is touched for the first time.
 *
 * @returns the CRC-32 of what was read
 * @throws {VectorDbError} DATA_CORRUPT when the file is too short
 */
export async function readRows(
  path: string,
  dimension: number,
  rows: number,
  span: RowSpan,
): Promise<number> {
  assertLittleEndian();
  await using file = await open(path, 'r');
  const underWay: Promise<Uint8Array>[] = [];
  try {
    let crc = 0;
    let at = 0;
    const rowsAtOnce = Math.max(1, Math.floor(READ_BYTES / (dimension * 4)));
    for (let first = 0; first < rows || underWay.length > 0;) {
      if (first < rows && underWay.length < READS_AT_ONCE) {
        const { numbers, width } = span(first, Math.min(rows, first + rowsAtOnce));
        const reading = readBlock({ file, path, position: at, dimension }, numbers, width);
        // Awaited in order: a later one may fail before.
        reading.catch(() => undefined);
        underWay.push(reading);
        const count = numbers.length / width;
        at += count * dimension * 4;
        first += count;
      } else {
        const bytes = await must(underWay[0], 'a read is under way');
        void underWay.shift();
        crc = crc32(bytes, crc);
      }
    }
    return crc;
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** Reads rows of `width` numbers, of which `dimension` are in the file; gives the file's bytes. */
async function readBlock(
  from: {
    readonly file: FileHandle;
    readonly path: string;
    readonly position: number;
    readonly dimension: number;
  },
  numbers: Float32Array,
  width: number,
): Promise<Uint8Array> {
  const { file, path, position, dimension } = from;
  const count = numbers.length / width;
  const target = width === dimension ? numbers : new Float32Array(count * dimension);
  const bytes = asBytes(target);
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) throw new VectorDbError('DATA_CORRUPT', `${path}: shorter than its rows`);
    done += bytesRead;
  }
  if (target !== numbers) {
    for (let row = 0; row < count; row += 1) {
      numbers.set(target.subarray(row * dimension, (row + 1) * dimension), row * width);
    }
  }
  return bytes;
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
