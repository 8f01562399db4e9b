import { VectorDbError } from './error.ts';

/**
 * A point's id as callers see it: an unsigned integer up to 2^64-1 (a `number` where it is a safe integer, else a `bigint`), or a
 * string without U+FFFD. A string in canonical UUID form (lower case, hyphenated) is a UUID: it takes 16 bytes and sorts by them.
 */
export type PointId = number | bigint | string;

/**
 * The id as bytes, which decide equality and order: a tag, then the value. Integers sort before UUIDs, UUIDs before other strings, so that a
 * scan in key order is a scroll in id order.
 */
export type PointKey = Uint8Array;

/** First byte of a key: what kind of id follows. */
export const POINT_KEY_TAG = { integer: 1, uuid: 2, string: 3 } as const;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Decoders put it in the place of bytes that are no UTF-8, so that different ids would become the same. */
const REPLACEMENT = '\ufffd';
const U64_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * @param field - where the id stood in the request, for the error
 * @param idBytesMax - UTF-8 bytes that a string id may have
 * @throws {VectorDbError} INVALID_ARGUMENT when it is not an id; LIMIT_EXCEEDED when it is too long
 */
export function encodePointId(id: PointId, field: string, idBytesMax: number): PointKey {
  if (typeof id === 'string') return encodeString(id, field, idBytesMax);
  assertPointId(id, field);
  const key = Buffer.allocUnsafeSlow(9);
  key[0] = POINT_KEY_TAG.integer;
  key.writeBigUInt64BE(BigInt(id), 1);
  return key;
}

/** Whether something is an id, as far as it can be told without a server's limits. */
export function isPointId(id: unknown): id is PointId {
  if (typeof id === 'string') return true;
  if (typeof id === 'bigint') return id >= 0n && id <= U64_MAX;
  return Number.isSafeInteger(id) && (id as number) >= 0;
}

/** @throws {VectorDbError} INVALID_ARGUMENT where it is no id, as {@link isPointId} tells */
export function assertPointId(id: unknown, field: string): asserts id is PointId {
  if (isPointId(id)) return;
  const text = `${field}: an integer id lies between 0 and 2^64-1`;
  throw new VectorDbError('INVALID_ARGUMENT', text, { field });
}

function encodeString(id: string, field: string, idBytesMax: number): PointKey {
  if (UUID.test(id)) {
    const key = Buffer.allocUnsafeSlow(17);
    key[0] = POINT_KEY_TAG.uuid;
    key.write(id.replaceAll('-', ''), 1, 'hex');
    return key;
  }
  const bytes = Buffer.byteLength(id);
  if (bytes === 0)
    throw new VectorDbError('INVALID_ARGUMENT', `${field}: an id is not empty`, { field });
  if (bytes > idBytesMax) {
    throw new VectorDbError(
      'LIMIT_EXCEEDED',
      `${field}: an id has at most ${idBytesMax} bytes, not ${bytes}`,
      { field },
    );
  }
  if (!id.isWellFormed()) {
    throw new VectorDbError('INVALID_ARGUMENT', `${field}: an id is well-formed Unicode`, {
      field,
    });
  }
  if (id.includes(REPLACEMENT)) {
    throw new VectorDbError(
      'INVALID_ARGUMENT',
      `${field}: an id has no U+FFFD, which stands where bytes were no text`,
      { field },
    );
  }
  const key = Buffer.allocUnsafeSlow(1 + bytes);
  key[0] = POINT_KEY_TAG.string;
  key.write(id, 1);
  return key;
}

/** The id that {@link encodePointId} made `key` from. */
export function decodePointId(key: PointKey): PointId {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  if (bytes[0] === POINT_KEY_TAG.integer) {
    const value = bytes.readBigUInt64BE(1);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }
  if (bytes[0] === POINT_KEY_TAG.uuid) {
    const hex = bytes.toString('hex', 1);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
  return bytes.toString('utf8', 1);
}

/** A key as a map's key: one character for each byte. */
export function pointKeyText(key: PointKey): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

/** The first key behind `key`. */
export function successorOf(key: PointKey): PointKey {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
