import { POINT_KEY_TAG, type PointKey } from '../../base/point-id.ts';
import { malformed } from './wire-shape.ts';

const START = 8;
const HEADER_BYTES = 24;
const VECTOR_HEADER_BYTES = 8;
const NO_VECTORS = 0xffff;
const AT = { score: 8, keyBytes: 16, vectors: 18, payloadBytes: 20 } as const;

// Damaged lengths may be above what bitwise operators can do.
const padded = (length: number): number => Math.ceil(length / 8) * 8;

/** One point in packed ones. */
export interface PackedRange {
  /** Bytes `start` to `end` are the point. */
  readonly start: number;
  readonly end: number;
  readonly score: number;
  /** A view. */
  readonly key: PointKey;
}

/**
 * Where the points of a packed buffer are (docs/formats/node-calls.md), with what they are ordered by; nothing else of them is decoded.
 *
 * @throws {VectorDbError} DATA_CORRUPT where a length does not fit
 */
export function packedRanges(packed: Uint8Array): PackedRange[] {
  if (packed.length < START) throw malformed('points are cut short');
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const count = view.getUint32(0, true);
  const ranges: PackedRange[] = [];
  let start = START;
  for (let i = 0; i < count; i += 1) {
    if (start + HEADER_BYTES > packed.length) throw malformed('points are cut short');
    const keyBytes = view.getUint16(start + AT.keyBytes, true);
    const payloadBytes = view.getUint32(start + AT.payloadBytes, true);
    const body = start + HEADER_BYTES;
    const end = endOfVectors(view, body + padded(keyBytes + payloadBytes), start);
    if (end > packed.length) throw malformed('points are cut short');
    const key = packed.subarray(body, body + keyBytes);
    const score = view.getFloat64(start + AT.score, true);
    if (!isKey(key) || Number.isNaN(score)) throw malformed('a point is none');
    ranges.push({ start, end, score, key });
    start = end;
  }
  if (start !== packed.length) throw malformed('points have too many bytes');
  return ranges;
}

/** The end of a point whose vectors begin at `at`; beyond the bytes where it is cut short. */
function endOfVectors(view: DataView, at: number, start: number): number {
  const vectors = view.getUint16(start + AT.vectors, true);
  let end = at;
  for (let left = vectors === NO_VECTORS ? 0 : vectors; left > 0; left -= 1) {
    if (end + VECTOR_HEADER_BYTES > view.byteLength) return Infinity;
    const nameBytes = view.getUint16(end, true);
    const dimension = view.getUint32(end + 4, true);
    end += VECTOR_HEADER_BYTES + padded(nameBytes) + padded(dimension * 4);
  }
  return end;
}

/** What decoding an id relies on. */
function isKey(key: PointKey): boolean {
  if (key[0] === POINT_KEY_TAG.integer) return key.length === 9;
  if (key[0] === POINT_KEY_TAG.uuid) return key.length === 17;
  return key[0] === POINT_KEY_TAG.string && key.length > 1;
}

/** Points of several packed buffers in one, in the order given. */
export function joinPacked(
  parts: readonly { readonly packed: Uint8Array; readonly range: PackedRange }[],
): Uint8Array<ArrayBuffer> {
  let total = START;
  for (const { range } of parts) total += range.end - range.start;
  const joined = new Uint8Array(total);
  new DataView(joined.buffer).setUint32(0, parts.length, true);
  let at = START;
  for (const { packed, range } of parts) {
    joined.set(packed.subarray(range.start, range.end), at);
    at += range.end - range.start;
  }
  return joined;
}
