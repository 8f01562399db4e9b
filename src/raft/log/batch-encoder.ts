import type { EntryRun, RecordPlace } from './entry-runs.ts';
import { encodeGroupRecord, type GroupRecord, groupRecordBytes } from './group-record.ts';
import { applyToSummary } from './group-summary.ts';
import type { GroupId } from './log-storage.ts';
import { bodyCrc, encodeRecordHeader, NO_GROUP, RECORD_HEADER_BYTES } from './record-header.ts';
import type { Segment } from './segment.ts';
import type { SegmentGroupLog } from './segment-group-log.ts';

/** A record that waits to be written. */
export interface PendingRecord {
  readonly record: GroupRecord;
  readonly log: SegmentGroupLog;
  /** Holds the record's entries; undefined when it has none. */
  readonly run: EntryRun | undefined;
}

/** Where a log goes on. */
export interface LogPosition {
  nextRecord: number;
  nextBatch: number;
  /** The newest batch that is durable. */
  durable: number;
  /** The group of the newest record in the file; {@link NO_GROUP}: it has none. */
  before: GroupId;
}

/** Bytes of a record with its header. */
export function pendingBytes({ record }: PendingRecord): number {
  return RECORD_HEADER_BYTES + groupRecordBytes(record);
}

/** Turns batches into bytes, in one buffer that is used again for each. */
export class BatchEncoder {
  #bytes = new Uint8Array(64 * 1024);

  /**
   * Encodes a batch for the end of a segment, moves the position behind it, and brings the written states of its groups up to it.
   *
   * @param roll - what the batch holds when it has no records
   * @returns bytes that are good until the next call, and where each run will be
   */
  encode(
    records: readonly PendingRecord[],
    roll: () => Uint8Array,
    segment: Segment,
    position: LogPosition,
  ): {
    readonly bytes: Uint8Array;
    readonly places: readonly (readonly [PendingRecord, RecordPlace])[];
  } {
    if (records.length === 0)
      return { bytes: this.#encodeRoll(roll(), segment, position), places: [] };
    this.#reserve(records.reduce((sum, pending) => sum + pendingBytes(pending), 0));
    const places: [PendingRecord, RecordPlace][] = [];
    let at = 0;
    for (const [order, pending] of records.entries()) {
      const { record, log } = pending;
      const bytes = groupRecordBytes(record);
      const place = segment.end + at + RECORD_HEADER_BYTES;
      const bodyAt = at + RECORD_HEADER_BYTES;
      encodeGroupRecord(record, this.#bytes, this.#view, bodyAt);
      const crc = bodyCrc(this.#bytes.subarray(bodyAt, bodyAt + bytes));
      const { written } = log;
      written.sequence += 1;
      written.chain = encodeRecordHeader(
        {
          kind: record.kind,
          bodyBytes: bytes,
          bodyCrc: crc,
          record: position.nextRecord,
          batch: position.nextBatch,
          durable: position.durable,
          isFirst: order === 0,
          isLast: order === records.length - 1,
          group: record.group,
          replica: record.replica,
          sequence: written.sequence,
          previous: written.chain,
          before: position.before,
        },
        { bytes: this.#bytes, view: this.#view, at },
        segment.salt,
        segment.end + at,
      );
      if (record.kind === 'write') applyToSummary(written, record, record.entries.at(-1)?.index);
      places.push([pending, { segment, position: place, bytes, crc }]);
      position.nextRecord += 1;
      position.before = record.group;
      at = bodyAt + bytes;
    }
    position.nextBatch += 1;
    return { bytes: this.#bytes.subarray(0, at), places };
  }

  #encodeRoll(roll: Uint8Array, segment: Segment, position: LogPosition): Uint8Array {
    const bytes = RECORD_HEADER_BYTES + roll.length;
    this.#reserve(bytes);
    this.#bytes.set(roll, RECORD_HEADER_BYTES);
    encodeRecordHeader(
      {
        kind: 'roll',
        bodyBytes: roll.length,
        bodyCrc: bodyCrc(roll),
        record: position.nextRecord,
        batch: position.nextBatch,
        durable: position.durable,
        isFirst: true,
        isLast: true,
        group: NO_GROUP,
        replica: 0,
        sequence: 0,
        previous: 0,
        before: position.before,
      },
      { bytes: this.#bytes, view: this.#view, at: 0 },
      segment.salt,
      segment.end,
    );
    position.nextRecord += 1;
    position.nextBatch += 1;
    position.before = NO_GROUP;
    return this.#bytes.subarray(0, bytes);
  }

  #view = new DataView(this.#bytes.buffer);

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(Math.max(bytes, 2 * this.#bytes.length));
    this.#view = new DataView(this.#bytes.buffer);
  }
}
