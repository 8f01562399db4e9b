import { crc32c } from './crc32c.ts';
import { decodeRoll, encodeRoll, type Roll } from './roll.ts';
import { readSafeInteger, writeSafeInteger } from './safe-integer.ts';

/** What a segment begins with: whose it is, where it goes on, and how all groups stood then. It is durable before the segment has its name. */
export interface SegmentHead {
  readonly node: number;
  readonly stream: number;
  readonly segment: number;
  /** Bytes of the segment before that count; 0: there is none. */
  readonly previousEnd: number;
  /** Number of the first record behind the head. */
  readonly nextRecord: number;
  /** Number of the first batch behind the head; all before it are durable. */
  readonly nextBatch: number;
  readonly roll: Roll;
}

/** The format of segments that this program writes, and the newest that it reads. */
export const LOG_FORMAT = 1;

const MAGIC = Buffer.from('GRAPERLG');
/** Of a head without its roll. */
export const SEGMENT_HEAD_FIXED_BYTES = 72;
const ROLL_BYTES_AT = 64;
const CRC_AT = 12;

/** Why a file does not begin with a head that can be used. */
export type HeadFault = 'damaged' | 'newer';

/** A head as bytes. */
export function encodeSegmentHead(head: SegmentHead): Uint8Array {
  const roll = encodeRoll(head.roll);
  const bytes = new Uint8Array(SEGMENT_HEAD_FIXED_BYTES + roll.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, LOG_FORMAT, true);
  writeSafeInteger(view, 16, head.node);
  writeSafeInteger(view, 24, head.stream);
  writeSafeInteger(view, 32, head.segment);
  writeSafeInteger(view, 40, head.previousEnd);
  writeSafeInteger(view, 48, head.nextRecord);
  writeSafeInteger(view, 56, head.nextBatch);
  view.setUint32(ROLL_BYTES_AT, roll.length, true);
  bytes.set(roll, SEGMENT_HEAD_FIXED_BYTES);
  view.setUint32(CRC_AT, headCrc(bytes), true);
  return bytes;
}

/** How long a head says that it is, of which at least the fixed part is given; Infinity where that is cut off. */
export function segmentHeadBytes(fixed: Uint8Array): number {
  if (fixed.length < SEGMENT_HEAD_FIXED_BYTES) return Infinity;
  const view = new DataView(fixed.buffer, fixed.byteOffset, fixed.length);
  return SEGMENT_HEAD_FIXED_BYTES + view.getUint32(ROLL_BYTES_AT, true);
}

/** Reads the head of a file that is given from its beginning, and tells how long it is. */
export function decodeSegmentHead(
  file: Uint8Array,
): { readonly head: SegmentHead; readonly bytes: number } | HeadFault {
  if (file.length < SEGMENT_HEAD_FIXED_BYTES || MAGIC.compare(file, 0, MAGIC.length) !== 0)
    return 'damaged';
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const bytes = segmentHeadBytes(file);
  if (bytes > file.length) return 'damaged';
  const whole = file.subarray(0, bytes);
  if (headCrc(whole) !== view.getUint32(CRC_AT, true)) return 'damaged';
  if (view.getUint32(8, true) > LOG_FORMAT) return 'newer';
  const roll = decodeRoll(whole.subarray(SEGMENT_HEAD_FIXED_BYTES));
  if (roll === undefined) return 'damaged';
  const head = {
    node: readSafeInteger(view, 16),
    stream: readSafeInteger(view, 24),
    segment: readSafeInteger(view, 32),
    previousEnd: readSafeInteger(view, 40),
    nextRecord: readSafeInteger(view, 48),
    nextBatch: readSafeInteger(view, 56),
    roll,
  };
  return { head, bytes };
}

/** Of everything but the CRC itself. */
function headCrc(bytes: Uint8Array): number {
  return crc32c(bytes.subarray(CRC_AT + 4), crc32c(bytes.subarray(0, CRC_AT)));
}
