import { crc32 } from 'node:zlib';
import { VectorDbError } from '../base/error.ts';
import type { StoreEntry } from './key-value-store.ts';
import { ROW_HEADER_BYTES } from './row-frame.ts';

/** What a stream of a shard's state begins with. */
export interface SnapshotHead {
  readonly shard: number;
  readonly shardCount: number;
  readonly term: number;
  readonly index: number;
  readonly epoch: number;
}

/** A piece of such a stream. */
export type SnapshotFrame =
  | { readonly kind: 'head'; readonly head: SnapshotHead }
  | { readonly kind: 'rows'; readonly rows: readonly StoreEntry[] }
  /** How many rows came. */
  | { readonly kind: 'end'; readonly rows: number };

/** Bytes of a frame before its body: kind u8, bytes of the body u32, checksum u32. */
export const FRAME_HEAD_BYTES = 9;
/** Bytes of a body at most: one row may be as large as a store takes. */
const BODY_BYTES_MAX = 2 ** 28;
const ROW_HEAD_BYTES = 8;
const HEAD_BODY_BYTES = 25;
const END_BODY_BYTES = 8;
const VERSION = 1;
const KIND = { head: 1, rows: 2, end: 3 } as const;

/** Bytes that a row takes in a frame. */
export const rowBytes = ({ key, value }: StoreEntry): number =>
  ROW_HEAD_BYTES + key.length + value.length;

/** Byte by byte in docs/formats/shard-snapshot.md. */
export function encodeFrame(frame: SnapshotFrame): Buffer {
  switch (frame.kind) {
    case 'head': {
      const { shard, shardCount, term, index, epoch } = frame.head;
      const bytes = Buffer.alloc(FRAME_HEAD_BYTES + HEAD_BODY_BYTES);
      let at = bytes.writeUInt8(VERSION, FRAME_HEAD_BYTES);
      at = bytes.writeUInt16LE(shard, at);
      at = bytes.writeUInt16LE(shardCount, at);
      at = bytes.writeBigUInt64LE(BigInt(term), at);
      at = bytes.writeBigUInt64LE(BigInt(index), at);
      bytes.writeUInt32LE(epoch, at);
      return sealed(KIND.head, bytes);
    }
    case 'rows': {
      const body = frame.rows.reduce((sum, row) => sum + rowBytes(row), 0);
      const bytes = Buffer.allocUnsafeSlow(FRAME_HEAD_BYTES + body);
      let at = FRAME_HEAD_BYTES;
      for (const { key, value } of frame.rows) {
        at = bytes.writeUInt32LE(key.length, at);
        at = bytes.writeUInt32LE(value.length, at);
        bytes.set(key, at);
        bytes.set(value, at + key.length);
        at += key.length + value.length;
      }
      return sealed(KIND.rows, bytes);
    }
    case 'end': {
      const bytes = Buffer.alloc(FRAME_HEAD_BYTES + END_BODY_BYTES);
      bytes.writeBigUInt64LE(BigInt(frame.rows), FRAME_HEAD_BYTES);
      return sealed(KIND.end, bytes);
    }
  }
}

/**
 * Bytes of the frame that begins here, head included.
 *
 * @param head - {@link FRAME_HEAD_BYTES} or more
 * @throws {VectorDbError} DATA_CORRUPT
 */
export function frameBytes(head: Buffer): number {
  const body = head.readUInt32LE(1);
  if (body > BODY_BYTES_MAX) throw malformed(`a frame of ${body} bytes is too long`);
  return FRAME_HEAD_BYTES + body;
}

/**
 * A whole frame; keys and values are views of `bytes`.
 *
 * @throws {VectorDbError} DATA_CORRUPT
 */
export function decodeFrame(bytes: Buffer): SnapshotFrame {
  if (bytes.readUInt32LE(5) !== checksum(bytes)) throw malformed('a checksum does not match');
  const body = bytes.subarray(FRAME_HEAD_BYTES);
  switch (bytes[0]) {
    case KIND.head:
      return { kind: 'head', head: decodeHead(body) };
    case KIND.rows:
      return { kind: 'rows', rows: decodeRows(body) };
    case KIND.end:
      if (body.length !== END_BODY_BYTES) throw malformed('its end has another length');
      return { kind: 'end', rows: Number(body.readBigUInt64LE(0)) };
    default:
      throw malformed(`frame kind ${bytes[0]} is not known`);
  }
}

/** The error for a stream that cannot be a state. */
export function malformed(why: string): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', `the snapshot of a shard is damaged: ${why}`);
}

function decodeHead(body: Buffer): SnapshotHead {
  if (body[0] !== VERSION) throw malformed(`its format ${body[0]} is not known`);
  if (body.length !== HEAD_BODY_BYTES) throw malformed('its head has another length');
  return {
    shard: body.readUInt16LE(1),
    shardCount: body.readUInt16LE(3),
    term: Number(body.readBigUInt64LE(5)),
    index: Number(body.readBigUInt64LE(13)),
    epoch: body.readUInt32LE(21),
  };
}

function decodeRows(body: Buffer): StoreEntry[] {
  const rows: StoreEntry[] = [];
  for (let at = 0; at < body.length;) {
    if (at + ROW_HEAD_BYTES > body.length) throw malformed('a row is cut short');
    const keyAt = at + ROW_HEAD_BYTES;
    const valueAt = keyAt + body.readUInt32LE(at);
    const end = valueAt + body.readUInt32LE(at + 4);
    if (end > body.length || end - valueAt < ROW_HEADER_BYTES)
      throw malformed('a row is cut short');
    rows.push({ key: body.subarray(keyAt, valueAt), value: body.subarray(valueAt, end) });
    at = end;
  }
  return rows;
}

function sealed(kind: number, bytes: Buffer): Buffer {
  bytes[0] = kind;
  bytes.writeUInt32LE(bytes.length - FRAME_HEAD_BYTES, 1);
  bytes.writeUInt32LE(checksum(bytes), 5);
  return bytes;
}

function checksum(bytes: Buffer): number {
  return crc32(bytes.subarray(FRAME_HEAD_BYTES), crc32(bytes.subarray(0, 5)));
}
