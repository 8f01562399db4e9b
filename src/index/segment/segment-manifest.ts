import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import { VectorDbError } from '../../base/error.ts';
import type { GraphEncoding } from '../engine/graph-engine.ts';
import type { SegmentFile } from './build-job.ts';
import { syncPath } from './checked-file.ts';
import type { ShardMark } from './shard-mark.ts';

/** Name of the file inside a collection's directory. */
export const MANIFEST_FILE = 'manifest';

/** What of a collection's index is durable. */
export interface Manifest {
  /** The collection's number. */
  readonly collection: number;
  /** Greater than every segment's id that was ever used. */
  readonly nextId: number;
  /** By shard: the log index up to which the segments hold everything, and of which store they have it. */
  readonly watermarks: ReadonlyMap<number, ShardMark>;
  readonly segments: readonly ManifestSegment[];
}

/** A sealed segment as the manifest lists it. */
export interface ManifestSegment {
  readonly id: number;
  readonly rows: number;
  readonly files: readonly SegmentFile[];
  readonly columns: Readonly<Record<string, ManifestColumn>>;
  /** File names of the payload indexes, by key path. */
  readonly fields: Readonly<Record<string, string>>;
  /** Words of a bitset of `rows` bits: which rows are dead. */
  readonly tombstones: Uint32Array;
}

/** One named vector of a listed segment. */
export interface ManifestColumn {
  readonly dimension: number;
  readonly count: number;
  readonly graph?: { readonly file: string; readonly encoding: GraphEncoding };
}

const MAGIC = Buffer.from('GRAPEIDX', 'latin1');
const VERSION = 2;
/** The oldest that is read: shards have no lineages. */
const VERSION_MIN = 1;
const HEADER_BYTES = 24;

/** The manifest's bytes; docs/formats/segment.md says what is where. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const text = Buffer.from(
    JSON.stringify({
      collection: manifest.collection,
      nextId: manifest.nextId,
      watermarks: [...manifest.watermarks]
        .toSorted((a, b) => a[0] - b[0])
        .map(([shard, { index, lineage }]) => [shard, index, lineage]),
      segments: manifest.segments.map(({ id, rows, files, columns, fields }) => ({
        id,
        rows,
        files,
        columns,
        fields,
      })),
    }),
  );
  const bitmaps = manifest.segments.map(
    ({ tombstones }) =>
      new Uint8Array(tombstones.buffer, tombstones.byteOffset, tombstones.byteLength),
  );
  const header = Buffer.alloc(HEADER_BYTES);
  header.set(MAGIC);
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(text.length, 12);
  const body = Buffer.concat([text, ...bitmaps]);
  header.writeUInt32LE(body.length, 16);
  header.writeUInt32LE(crc32(body, crc32(header.subarray(0, 20))), 20);
  return Buffer.concat([header, body]);
}

/** @throws {VectorDbError} DATA_CORRUPT; FAILED_PRECONDITION when a newer version wrote it */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < HEADER_BYTES || !file.subarray(0, 8).equals(MAGIC)) throw corrupt();
  const textBytes = file.readUInt32LE(12);
  const body = file.subarray(HEADER_BYTES);
  const isWhole = body.length === file.readUInt32LE(16) && textBytes <= body.length;
  if (!isWhole || crc32(body, crc32(file.subarray(0, 20))) !== file.readUInt32LE(20)) {
    throw corrupt();
  }
  // Every version keeps the header's layout, so a number that the checksum vouches for is no damage.
  const version = file.readUInt32LE(8);
  if (version < VERSION_MIN || version > VERSION) {
    throw new VectorDbError(
      'FAILED_PRECONDITION',
      `the index manifest has version ${version}; this server reads versions ${VERSION_MIN} to ${VERSION}`,
    );
  }
  const parsed = JSON.parse(body.toString('utf8', 0, textBytes)) as Omit<
    Manifest,
    'watermarks' | 'segments'
  > & {
    /** Without the last number in version 1. */
    readonly watermarks: readonly [number, number, number?][];
    readonly segments: readonly Omit<ManifestSegment, 'tombstones'>[];
  };
  let position = textBytes;
  const segments = parsed.segments.map((segment) => {
    const words = (segment.rows + 31) >>> 5;
    const part = Uint8Array.from(body.subarray(position, position + words * 4));
    position += words * 4;
    return { ...segment, tombstones: new Uint32Array(part.buffer) };
  });
  if (position !== body.length) throw corrupt();
  const watermarks = new Map(
    parsed.watermarks.map(([shard, index, lineage = 0]) => [shard, { index, lineage }]),
  );
  return { ...parsed, watermarks, segments };
}

/** Puts the manifest in the place of the one before, durably and at once. */
export function writeManifest(directory: string, manifest: Manifest): void {
  const path = join(directory, MANIFEST_FILE);
  const temporary = `${path}.tmp`;
  const bytes = encodeManifest(manifest);
  const fd = openSync(temporary, 'w');
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  syncPath(directory);
}

/**
 * Undefined where there is none.
 *
 * @throws {VectorDbError} as {@link decodeManifest}
 */
export function readManifest(directory: string): Manifest | undefined {
  const path = join(directory, MANIFEST_FILE);
  return existsSync(path) ? decodeManifest(readFileSync(path)) : undefined;
}

function corrupt(): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', 'the index manifest is damaged');
}
