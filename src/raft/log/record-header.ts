import { crc32 } from 'node:zlib';

import type { ReplicaId } from '../core/configuration.ts';
import { crc32c } from './crc32c.ts';
import type { GroupId } from './log-storage.ts';
import { readSafeInteger, writeSafeInteger } from './safe-integer.ts';

/** Bytes before a record's body; their layout is in docs/formats/raft-log.md. */
export const RECORD_HEADER_BYTES = 72;

/** In the place of a group where a record belongs to none, or none came before. */
export const NO_GROUP = 0xffff_ffff;

/** What a record is: a group's write, entries of a group written once more so that an old file can go, or the states of all groups. */
export const RECORD_KINDS = ['write', 'moved', 'roll'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** First bytes of every record: "GRec". */
const MAGIC = 0x6365_5247;
/** {@link MAGIC} as it stands in a file. */
export const RECORD_MAGIC = Uint8Array.of(0x47, 0x52, 0x65, 0x63);
/** From here on the header is checked by its CRC. */
const CHECKED = 8;
const FIRST_OF_BATCH = 1;
const LAST_OF_BATCH = 2;

/** What stands before each record and tells, even where its body or its neighbours are damaged, whose it is and what came before. */
export interface RecordHeader {
  readonly kind: RecordKind;
  readonly bodyBytes: number;
  readonly bodyCrc: number;
  /** Numbers the records of the log, from 1. */
  readonly record: number;
  /** Numbers the batches of the log, from 1. */
  readonly batch: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** This batch, and all before it, were durable when this record was written. */
  readonly durable: number;
  /** {@link NO_GROUP} for a roll. */
  readonly group: GroupId;
  readonly replica: ReplicaId;
  /** Numbers the records of the group, from 1; 0 for a roll. */
  readonly sequence: number;
  /** CRC of the header of the group's record before; 0: none. */
  readonly previous: number;
  /** The group of the record before, whichever it is. */
  readonly before: GroupId;
}

/** The CRC-32 (ISO 3309) of a record's body. Bodies may be long, and zlib's own code is four times as fast there as any here; for headers it is the other way round. */
export function bodyCrc(body: Uint8Array): number {
  return crc32(body);
}

/** Makes headers valid only in their own file of their own log, so that bytes that come from elsewhere do not count. */
export function fileSalt(stream: number, segment: number): number {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  writeSafeInteger(view, 0, stream);
  writeSafeInteger(view, 8, segment);
  return crc32c(bytes);
}

/** Makes headers valid only at their own place of a file. */
const placeSalt = (salt: number, position: number): number =>
  (salt ^ Math.imul(position, 0x9e37_79b1)) >>> 0;

/**
 * Writes a header.
 *
 * @param view - of `bytes`
 * @param at - where in `bytes`; `position` is where that is in the file
 * @returns the header's CRC, with which the group's next record names this one
 */
export function encodeRecordHeader(
  header: RecordHeader,
  { bytes, view, at }: { readonly bytes: Uint8Array; readonly view: DataView; readonly at: number },
  salt: number,
  position: number,
): number {
  view.setUint32(at, MAGIC, true);
  view.setUint32(at + 8, header.bodyCrc, true);
  view.setUint32(at + 12, header.bodyBytes, true);
  writeSafeInteger(view, at + 16, header.record);
  writeSafeInteger(view, at + 24, header.batch);
  writeSafeInteger(view, at + 32, header.durable);
  view.setUint32(at + 40, header.group, true);
  view.setUint32(at + 44, header.before, true);
  view.setUint32(at + 48, header.previous, true);
  view.setUint8(at + 52, RECORD_KINDS.indexOf(header.kind) + 1);
  const flags = (header.isFirst ? FIRST_OF_BATCH : 0) | (header.isLast ? LAST_OF_BATCH : 0);
  view.setUint8(at + 53, flags);
  view.setUint16(at + 54, 0);
  writeSafeInteger(view, at + 56, header.sequence);
  writeSafeInteger(view, at + 64, header.replica);
  const checked = bytes.subarray(at + CHECKED, at + RECORD_HEADER_BYTES);
  const crc = crc32c(checked, placeSalt(salt, position));
  view.setUint32(at + 4, crc, true);
  return crc;
}

/** Reads the header at a place of a file that is given from its beginning; undefined where there is no valid one. */
export function decodeRecordHeader(
  file: Uint8Array,
  position: number,
  salt: number,
): (RecordHeader & { readonly crc: number }) | undefined {
  if (position + RECORD_HEADER_BYTES > file.length) return undefined;
  const view = new DataView(file.buffer, file.byteOffset + position, RECORD_HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const crc = view.getUint32(4, true);
  const checked = file.subarray(position + CHECKED, position + RECORD_HEADER_BYTES);
  if (crc32c(checked, placeSalt(salt, position)) !== crc) return undefined;
  const kind = RECORD_KINDS[view.getUint8(52) - 1];
  if (kind === undefined) return undefined;
  const flags = view.getUint8(53);
  return {
    crc,
    kind,
    bodyCrc: view.getUint32(8, true),
    bodyBytes: view.getUint32(12, true),
    record: readSafeInteger(view, 16),
    batch: readSafeInteger(view, 24),
    durable: readSafeInteger(view, 32),
    group: view.getUint32(40, true),
    before: view.getUint32(44, true),
    previous: view.getUint32(48, true),
    isFirst: (flags & FIRST_OF_BATCH) !== 0,
    isLast: (flags & LAST_OF_BATCH) !== 0,
    sequence: readSafeInteger(view, 56),
    replica: readSafeInteger(view, 64),
  };
}
