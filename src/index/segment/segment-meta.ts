import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { SegmentFile } from './build-job.ts';
import { CheckedFileWriter } from './checked-file.ts';

/** Name of the file inside a segment's directory. */
export const META_FILE = 'meta.bin';

/** What every thread knows of a sealed segment's rows; in shared memory. */
export interface SegmentMeta {
  readonly rows: number;
  readonly versions: SharedArrayBuffer;
  readonly offsets: SharedArrayBuffer;
  readonly keys: SharedArrayBuffer;
  readonly shards: SharedArrayBuffer;
  /** Words of a bitset for each vector that some row lacks, in the order of their names. */
  readonly present: readonly SharedArrayBuffer[];
}

const MAGIC = Buffer.from('GRAPESEG', 'latin1');
const VERSION = 1;
const HEADER_BYTES = 32;

const padded = (bytes: number): number => (bytes + 7) & ~7;

/** Writes `meta.bin`; its layout is in docs/formats/segment.md. */
export function writeSegmentMeta(directory: string, meta: SegmentMeta): SegmentFile {
  using file = new CheckedFileWriter(directory, META_FILE);
  const header = Buffer.alloc(HEADER_BYTES);
  header.set(MAGIC);
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(meta.rows, 12);
  header.writeUInt32LE(meta.keys.byteLength / 8, 16);
  header.writeUInt32LE(meta.present.length, 20);
  file.write(header);
  for (const section of [meta.versions, meta.offsets, meta.keys, meta.shards, ...meta.present]) {
    const bytes = new Uint8Array(section);
    file.write(bytes);
    file.write(new Uint8Array(padded(bytes.length) - bytes.length));
  }
  return file.finish();
}

/** Reads `meta.bin`, whose checksum the caller has compared; undefined where it is not one of this version. */
export function readSegmentMeta(directory: string): SegmentMeta | undefined {
  const file = readFileSync(join(directory, META_FILE));
  if (file.length < HEADER_BYTES || !file.subarray(0, 8).equals(MAGIC)) return undefined;
  if (file.readUInt32LE(8) !== VERSION) return undefined;
  const rows = file.readUInt32LE(12);
  const keyCapacity = file.readUInt32LE(16);
  const bitmaps = file.readUInt32LE(20);
  let position = HEADER_BYTES;
  const section = (bytes: number): SharedArrayBuffer => {
    const memory = new SharedArrayBuffer(bytes);
    new Uint8Array(memory).set(file.subarray(position, position + bytes));
    position += padded(bytes);
    return memory;
  };
  const versions = section(rows * 8);
  const offsets = section((2 * rows + 1) * 8);
  const keys = section(keyCapacity * 8);
  const shards = section(rows * 2);
  const present = Array.from({ length: bitmaps }, () => section(((rows + 31) >>> 5) * 4));
  return position === file.length ? { rows, versions, offsets, keys, shards, present } : undefined;
}
