import type { PointKey } from '../base/point-id.ts';
import type { KeyRange } from './key-value-store.ts';

/**
 * The keys of a shard's store: a tag byte, then big-endian numbers, so that order of bytes is order of numbers. Byte by byte in
 * docs/formats/shard-store.md.
 */
const TAG = { counts: 0x63, format: 0x66, journal: 0x6a, points: 0x70, state: 0x73 } as const;

/** Where a point's key begins in a record's key. */
export const RECORD_KEY_PREFIX_BYTES = 5;

/** The row that says what the folder is. */
export const FORMAT_KEY: Uint8Array = Uint8Array.of(TAG.format);

/** The row with the applied index. */
export const STATE_KEY: Uint8Array = Uint8Array.of(TAG.state);

/** @param collection - 0 to 2^32-1 */
export function recordKey(collection: number, key: PointKey): Uint8Array {
  const bytes = new Uint8Array(RECORD_KEY_PREFIX_BYTES + key.length);
  bytes[0] = TAG.points;
  writeU32(bytes, 1, collection);
  bytes.set(key, RECORD_KEY_PREFIX_BYTES);
  return bytes;
}

/** The point's key in a key that {@link recordKey} made: a view. */
export function pointKeyOf(recordKeyBytes: Uint8Array): PointKey {
  return recordKeyBytes.subarray(RECORD_KEY_PREFIX_BYTES);
}

/** The collection in a key that {@link recordKey} or {@link countKey} made. */
export function collectionOf(key: Uint8Array): number {
  return readU32(key, 1);
}

/** All records of a collection from a point's key on (absent: from the first). */
export function recordRange(collection: number, from?: PointKey): KeyRange {
  return {
    from: recordKey(collection, from ?? new Uint8Array(0)),
    to: after(TAG.points, collection),
  };
}

/** All records of the shard. */
export function allRecordsRange(): KeyRange {
  return { from: Uint8Array.of(TAG.points), to: Uint8Array.of(TAG.points + 1) };
}

/** Key of the number of points of a collection in this shard. */
export function countKey(collection: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = TAG.counts;
  writeU32(bytes, 1, collection);
  return bytes;
}

/** The point counts of all collections. */
export function countRange(): KeyRange {
  return { from: Uint8Array.of(TAG.counts), to: Uint8Array.of(TAG.counts + 1) };
}

/** @param index - a log index: 0 to 2^53-1 */
export function journalKey(index: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = TAG.journal;
  writeU32(bytes, 1, Math.floor(index / 0x1_0000_0000));
  writeU32(bytes, 5, index % 0x1_0000_0000);
  return bytes;
}

/** The log index in a key that {@link journalKey} made. */
export function journalIndexOf(key: Uint8Array): number {
  return readU32(key, 1) * 0x1_0000_0000 + readU32(key, 5);
}

/** Journal rows from one log index (inclusive) to another (exclusive; absent: to the end). */
export function journalRange(from: number, to?: number): KeyRange {
  return {
    from: journalKey(from),
    to: to === undefined ? Uint8Array.of(TAG.journal + 1) : journalKey(to),
  };
}

function after(tag: number, collection: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = collection === 0xffff_ffff ? tag + 1 : tag;
  writeU32(bytes, 1, collection === 0xffff_ffff ? 0 : collection + 1);
  return bytes;
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
