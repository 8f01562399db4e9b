import type { PointKey } from '../base/point-id.ts';
import {
  FORMAT_KEY,
  STATE_KEY,
  countKey,
  droppedKey,
  hostKeyText,
  journalKey,
} from './keyspace.ts';
import { ROW_HEADER_BYTES, allocateRow, checkRow, corruptRow, sealRow } from './row-frame.ts';

const U32 = 0x1_0000_0000;
const H = ROW_HEADER_BYTES;

/** What a shard's store says of itself. */
export interface ShardFormat {
  readonly shard: number;
  readonly shardCount: number;
  /** Drawn when the store was made, below 2^48: tells it from every other store of the shard. */
  readonly lineage: number;
}

/** How far a shard has come. */
export interface ShardState {
  /** The log index up to which all entries are applied; 0: none. */
  readonly appliedIndex: number;
  /** The term of that entry; 0: none. */
  readonly appliedTerm: number;
  /** Commands of an epoch below are refused. */
  readonly epoch: number;
  /** The first log index whose journal row is kept. */
  readonly journalStart: number;
}

/** Which points one log index touched; none where its entry changed no point. */
export interface JournalRow {
  readonly index: number;
  readonly collection: number;
  readonly keys: readonly PointKey[];
}

/** The row that says in which form a shard is written. */
export function encodeFormat(format: ShardFormat): Buffer {
  const row = allocateRow(12);
  row.writeUInt16LE(format.shard, H);
  row.writeUInt16LE(format.shardCount, H + 2);
  writeU64(row, H + 4, format.lineage);
  return sealRow(FORMAT_KEY, row);
}

/** @throws {VectorDbError} DATA_CORRUPT */
export function decodeFormat(row: Uint8Array, shard: number): ShardFormat {
  const what = (): string => `the format row of shard ${shard}`;
  const bytes = checkLength(checkRow(FORMAT_KEY, row, what), 12, what);
  return {
    shard: bytes.readUInt16LE(H),
    shardCount: bytes.readUInt16LE(H + 2),
    lineage: readU64(bytes, H + 4),
  };
}

/** The row that says how far a shard has come. */
export function encodeState(state: ShardState): Buffer {
  const row = allocateRow(28);
  writeU64(row, H, state.appliedIndex);
  writeU64(row, H + 8, state.appliedTerm);
  writeU64(row, H + 16, state.journalStart);
  row.writeUInt32LE(state.epoch, H + 24);
  return sealRow(STATE_KEY, row);
}

/** @throws {VectorDbError} DATA_CORRUPT */
export function decodeState(row: Uint8Array, shard: number): ShardState {
  const what = (): string => `the state row of shard ${shard}`;
  const bytes = checkLength(checkRow(STATE_KEY, row, what), 28, what);
  return {
    appliedIndex: readU64(bytes, H),
    appliedTerm: readU64(bytes, H + 8),
    journalStart: readU64(bytes, H + 16),
    epoch: bytes.readUInt32LE(H + 24),
  };
}

/** The row with the number of points of a collection. */
export function encodeCount(collection: number, points: number): Buffer {
  const row = allocateRow(8);
  writeU64(row, H, points);
  return sealRow(countKey(collection), row);
}

/** @throws {VectorDbError} DATA_CORRUPT */
export function decodeCount(row: Uint8Array, shard: number, collection: number): number {
  const what = (): string => `the point count of collection ${collection} in shard ${shard}`;
  return readU64(checkLength(checkRow(countKey(collection), row, what), 8, what), H);
}

/** The row that says that a collection was dropped, and whether nothing of it is left. */
export function encodeDropped(collection: number, isSwept: boolean): Buffer {
  const row = allocateRow(1);
  row[H] = Number(isSwept);
  return sealRow(droppedKey(collection), row);
}

/** Whether nothing of the dropped collection is left. @throws {VectorDbError} DATA_CORRUPT */
export function decodeDropped(row: Uint8Array, shard: number, collection: number): boolean {
  const what = (): string => `the mark of dropped collection ${collection} in shard ${shard}`;
  return checkLength(checkRow(droppedKey(collection), row, what), 1, what)[H] === 1;
}

/** A row of the host; its key is that of the store. */
export function encodeHostRow(key: Uint8Array, value: Uint8Array): Buffer {
  const row = allocateRow(value.length);
  row.set(value, H);
  return sealRow(key, row);
}

/** A copy of the value of a row of the host. @throws {VectorDbError} DATA_CORRUPT */
export function decodeHostRow(row: Uint8Array, shard: number, key: Uint8Array): Uint8Array {
  const what = (): string => `row ${hostKeyText(key)} of the host in shard ${shard}`;
  return new Uint8Array(checkRow(key, row, what).subarray(H));
}

/** The row that names the points a command touched. */
export function encodeJournalRow(journal: JournalRow): Buffer {
  let bytes = 8;
  for (const key of journal.keys) bytes += 2 + key.length;
  const row = allocateRow(bytes);
  row.writeUInt32LE(journal.collection, H);
  row.writeUInt32LE(journal.keys.length, H + 4);
  let at = H + 8;
  for (const key of journal.keys) {
    row.writeUInt16LE(key.length, at);
    row.set(key, at + 2);
    at += 2 + key.length;
  }
  return sealRow(journalKey(journal.index), row);
}

/** @throws {VectorDbError} DATA_CORRUPT */
export function decodeJournalRow(row: Uint8Array, shard: number, index: number): JournalRow {
  const what = (): string => `journal row ${index} of shard ${shard}`;
  const bytes = checkRow(journalKey(index), row, what);
  if (bytes.length < H + 8) throw corruptRow(what(), 'it is cut short');
  const keys: PointKey[] = [];
  let at = H + 8;
  for (let left = bytes.readUInt32LE(H + 4); left > 0; left -= 1) {
    const end = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16LE(at) : Infinity;
    if (end > bytes.length) throw corruptRow(what(), 'it is cut short');
    keys.push(new Uint8Array(bytes.subarray(at + 2, end)));
    at = end;
  }
  if (at !== bytes.length) throw corruptRow(what(), 'its length does not fit');
  return { index, collection: bytes.readUInt32LE(H), keys };
}

function checkLength(bytes: Buffer, bodyBytes: number, what: () => string): Buffer {
  if (bytes.length !== H + bodyBytes) throw corruptRow(what(), 'its length does not fit');
  return bytes;
}

function writeU64(row: Buffer, at: number, value: number): void {
  row.writeUInt32LE(value % U32, at);
  row.writeUInt32LE(Math.floor(value / U32), at + 4);
}

function readU64(row: Buffer, at: number): number {
  return row.readUInt32LE(at + 4) * U32 + row.readUInt32LE(at);
}
