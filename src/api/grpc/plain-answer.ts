import type { ScoredPoint, SearchResult } from '../../database/vector-database.ts';

/** A field's number and kind, as protobuf writes them in one byte. */
const TAG = {
  points: 0x0a,
  id: 0x0a,
  integer: 0x08,
  text: 0x12,
  score: 0x15,
  version: 0x18,
  payload: 0x22,
} as const;
const SCORE_BYTES = 5;

/**
 * The bytes of a `SearchResponse` of points without vectors, as nearly all are: the library for any message takes several times as long for them. Undefined
 * where there is an explanation, a vector, or an id beyond 2^53.
 */
export function plainAnswer({ points, explanation }: SearchResult): Uint8Array | undefined {
  if (explanation !== undefined) return undefined;
  let bytes = 0;
  for (const point of points) {
    if (point.vectors !== undefined || typeof point.id === 'bigint') return undefined;
    bytes += lengthened(pointBytes(point));
  }
  const answer = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const point of points) {
    answer[at] = TAG.points;
    at = writeVarint(answer, at + 1, pointBytes(point));
    at = writePoint(answer, at, point);
  }
  return answer;
}

/** Bytes of a field of so many bytes, with its tag and length. */
const lengthened = (bytes: number): number => 1 + varintBytes(bytes) + bytes;

function idBytes({ id }: ScoredPoint): number {
  return typeof id === 'string' ? lengthened(Buffer.byteLength(id)) : 1 + varintBytes(Number(id));
}

function pointBytes(point: ScoredPoint): number {
  const numbers = SCORE_BYTES + 1 + varintBytes(point.version);
  return lengthened(idBytes(point)) + numbers + lengthened(point.payload.length);
}

function writePoint(into: Buffer, start: number, point: ScoredPoint): number {
  const { id, score, version, payload } = point;
  into[start] = TAG.id;
  let at = writeVarint(into, start + 1, idBytes(point));
  if (typeof id === 'string') {
    into[at] = TAG.text;
    at = writeVarint(into, at + 1, Buffer.byteLength(id));
    at += into.write(id, at);
  } else {
    into[at] = TAG.integer;
    at = writeVarint(into, at + 1, Number(id));
  }
  into[at] = TAG.score;
  into.writeFloatLE(score, at + 1);
  at += SCORE_BYTES;
  into[at] = TAG.version;
  at = writeVarint(into, at + 1, version);
  into[at] = TAG.payload;
  at = writeVarint(into, at + 1, payload.length);
  into.set(payload, at);
  return at + payload.length;
}

/** @param value - a safe integer, 0 or more */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest /= 128) bytes += 1;
  return bytes;
}

function writeVarint(into: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    into[at] = (rest % 128) + 128;
    at += 1;
  }
  into[at] = rest;
  return at + 1;
}
