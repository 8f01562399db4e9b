import type { PointKey } from '../base/point-id.ts';
import type { KeyRange } from './key-value-store.ts';

/**
 * The keys of a shard's store: a tag byte, then big-endian numbers, so that order of bytes is order of numbers. Byte by byte in
 * docs/formats/shard-store.md.
 */
const TAG = {
  counts: 0x63,
  dropped: 0x64,
  format: 0x66,
  host: 0x68,
  journal: 0x6a,
  points: 0x70,
  state: 0x73,
} as const;

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

/** The collection in a key that {@link recordKey}, {@link countKey} or {@link droppedKey} made. */
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
  return rangeOf(TAG.points);
}

/** Key of the number of points of a collection in this shard. */
export function countKey(collection: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = TAG.counts;
  writeU32(bytes, 1, collection);
  return bytes;
}

/** Key of the row that says that a collection was dropped. */
export function droppedKey(collection: number): Uint8Array {
  const bytes = countKey(collection);
  bytes[0] = TAG.dropped;
  return bytes;
}

/** All collections that were dropped. */
export function droppedRange(): KeyRange {
  return rangeOf(TAG.dropped);
}

/** Key of a row that the host of the replicated state keeps here, by its own key. */
export function hostKey(key: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(TAG.host), Buffer.from(key)]);
}

/** The host's own key of a key that {@link hostKey} made. */
export function hostKeyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset + 1, key.byteLength - 1).toString();
}

/** All rows of the host. */
export function hostRange(): KeyRange {
  return rangeOf(TAG.host);
}

/** The rows that replicas have in common: all but those that say what this store is and how far it has come, and the journal. */
export function replicatedRanges(): readonly KeyRange[] {
  return [rangeOf(TAG.counts), rangeOf(TAG.dropped), rangeOf(TAG.host), rangeOf(TAG.points)];
}

/** What a replicated row is; undefined for a key that belongs to none. */
export function replicatedKind(
  key: Uint8Array,
): 'count' | 'dropped' | 'host' | 'record' | undefined {
  switch (key[0]) {
    case TAG.counts:
      return key.length === 5 ? 'count' : undefined;
    case TAG.dropped:
      return key.length === 5 ? 'dropped' : undefined;
    case TAG.host:
      return key.length > 1 ? 'host' : undefined;
    case TAG.points:
      return key.length > RECORD_KEY_PREFIX_BYTES ? 'record' : undefined;
    default:
      return undefined;
  }
}

/** The point counts of all collections. */
export function countRange(): KeyRange {
  return rangeOf(TAG.counts);
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

function rangeOf(tag: number): KeyRange {
  return { from: Uint8Array.of(tag), to: Uint8Array.of(tag + 1) };
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
