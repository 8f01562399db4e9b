import { assert } from '../base/assert.ts';
import { decodePointId } from '../base/point-id.ts';
import { pointKeyOf } from './keyspace.ts';
import type { PayloadJson, PointRecord } from './point-record.ts';
import { ROW_HEADER_BYTES, allocateRow, checkRow, corruptRow, sealRow } from './row-frame.ts';

/** How a vector's numbers are stored; other kinds (sparse, several, half precision) get their own. */
const KIND_FLOAT32 = 1;

/** Where things lie in a record, after the row's header of 5 bytes; see docs/formats/shard-store.md. */
const AT = { vectorCount: 5, pad: 7, version: 8, payloadBytes: 16, vectors: 20 } as const;
const VECTOR_HEADER_BYTES = 8;
const NAME_BYTES_MAX = 255;
const U32 = 0x1_0000_0000;
const NO_VECTORS: readonly string[] = [];

/**
 * A point as a row of its shard's store. The same record gives the same bytes everywhere: vectors are written in the order of their names.
 *
 * @param key - the row's key, which the checksum covers
 */
export function encodeRecord(key: Uint8Array, record: PointRecord): Buffer {
  const names = sortedNames(record.vectors);
  const nameBytes = names.map((name) => Buffer.byteLength(name));
  let bytes = AT.vectors + record.payload.length;
  for (const [i, name] of names.entries()) {
    const vector = record.vectors[name] as Float32Array;
    bytes += VECTOR_HEADER_BYTES + padded(nameBytes[i] as number) + vector.byteLength;
  }
  assert(Number.isSafeInteger(record.version) && record.version >= 0, 'a version is an index');
  const row = allocateRow(bytes - ROW_HEADER_BYTES);
  row.writeUInt16LE(names.length, AT.vectorCount);
  row[AT.pad] = 0;
  row.writeUInt32LE(record.version % U32, AT.version);
  row.writeUInt32LE(Math.floor(record.version / U32), AT.version + 4);
  row.writeUInt32LE(record.payload.length, AT.payloadBytes);
  let at: number = AT.vectors;
  for (const [i, name] of names.entries()) {
    at = writeVector(row, at, name, nameBytes[i] as number, record.vectors[name] as Float32Array);
  }
  row.set(record.payload, at);
  return sealRow(key, row);
}

function writeVector(
  row: Buffer,
  start: number,
  name: string,
  nameBytes: number,
  vector: Float32Array,
): number {
  assert(nameBytes <= NAME_BYTES_MAX, 'a vector name has at most 255 bytes');
  row[start] = KIND_FLOAT32;
  row[start + 1] = nameBytes;
  row.writeUInt16LE(0, start + 2);
  row.writeUInt32LE(vector.length, start + 4);
  const nameAt = start + VECTOR_HEADER_BYTES;
  const numbersAt = nameAt + padded(nameBytes);
  row.fill(0, nameAt, numbersAt);
  row.write(name, nameAt);
  row.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), numbersAt);
  return numbersAt + vector.byteLength;
}

/** What of a record is wanted; vectors that are not are neither read nor copied. */
export interface RecordSelection {
  /** All, none, or those named. */
  readonly vectors: boolean | readonly string[];
  readonly payload: boolean;
}

const EVERYTHING: RecordSelection = { vectors: true, payload: true };
const NO_PAYLOAD: PayloadJson = new Uint8Array(0);

/**
 * The record that {@link encodeRecord} made the row from. Payload and (where memory alignment permits) vectors are views of the row.
 *
 * @param shard - for the error
 * @throws {VectorDbError} DATA_CORRUPT
 */
export function decodeRecord(
  shard: number,
  key: Uint8Array,
  row: Uint8Array,
  selection: RecordSelection = EVERYTHING,
): PointRecord {
  const what = (): string => `point ${describePoint(key)} of shard ${shard}`;
  const bytes = checkRow(key, row, what);
  if (bytes.length < AT.vectors) throw corruptRow(what(), 'it is cut short');
  const version = bytes.readUInt32LE(AT.version + 4) * U32 + bytes.readUInt32LE(AT.version);
  const vectors: [string, Float32Array][] = [];
  let at: number = AT.vectors;
  for (let left = bytes.readUInt16LE(AT.vectorCount); left > 0; left -= 1) {
    if (at + VECTOR_HEADER_BYTES > bytes.length) throw corruptRow(what(), 'it is cut short');
    if (bytes[at] !== KIND_FLOAT32) {
      throw corruptRow(what(), `its vector kind ${bytes[at]} is not known`);
    }
    const nameBytes = bytes[at + 1] as number;
    const length = bytes.readUInt32LE(at + 4);
    const nameAt = at + VECTOR_HEADER_BYTES;
    const numbersAt = nameAt + padded(nameBytes);
    at = numbersAt + length * 4;
    if (at > bytes.length) throw corruptRow(what(), 'it is cut short');
    if (selection.vectors === false) continue;
    const name = nameBytes === 0 ? '' : bytes.toString('utf8', nameAt, nameAt + nameBytes);
    if (selection.vectors !== true && !selection.vectors.includes(name)) continue;
    vectors.push([name, floats(bytes, numbersAt, length)]);
  }
  if (at + bytes.readUInt32LE(AT.payloadBytes) !== bytes.length) {
    throw corruptRow(what(), 'its length does not fit');
  }
  return {
    version,
    vectors: Object.fromEntries(vectors),
    payload: selection.payload ? payloadView(bytes, at) : NO_PAYLOAD,
  };
}

/** The payload alone, a view of the row. @throws {VectorDbError} DATA_CORRUPT */
export function decodePayload(shard: number, key: Uint8Array, row: Uint8Array): PayloadJson {
  return decodeRecord(shard, key, row, { vectors: NO_VECTORS, payload: true }).payload;
}

function payloadView(bytes: Buffer, at: number): PayloadJson {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
}

function floats(bytes: Buffer, at: number, length: number): Float32Array {
  const offset = bytes.byteOffset + at;
  if (offset % 4 === 0) return new Float32Array(bytes.buffer, offset, length);
  return new Float32Array(bytes.buffer.slice(offset, offset + length * 4));
}

function sortedNames(vectors: PointRecord['vectors']): readonly string[] {
  const names = Object.keys(vectors);
  return names.length < 2 ? names : names.sort();
}

const padded = (bytes: number): number => (bytes + 3) & ~3;

function describePoint(key: Uint8Array): string {
  try {
    return JSON.stringify(String(decodePointId(pointKeyOf(key))));
  } catch {
    return `with key ${Buffer.from(key).toString('hex')}`;
  }
}
