import { decodePointId, POINT_KEY_TAG, type PointId, type PointKey } from '../base/point-id.ts';

import type { PayloadJson } from '../storage/point-record.ts';
import type { ScoredPoint } from '../storage/stored-point.ts';

/** A point on its way from a search thread to the main thread. */
export interface FoundPoint {
  readonly key: PointKey;
  readonly version: number;
  readonly score: number;
  readonly payload: PayloadJson;
  readonly vectors: Readonly<Record<string, Float32Array>> | undefined;
}

const HEADER_BYTES = 24;
const NO_VECTORS = 0xffff;

/*
 * One buffer for all points, since each object and typed array of its own costs a message more than its bytes do. A point: version f64, score f64, key
 * bytes u16, vectors u16, payload bytes u32, then key and payload; then for each vector its name's bytes u16, zero u16, dimension u32, name; all
 * padded to 8 bytes, and the numbers padded likewise. Little-endian: it goes to other nodes too (docs/formats/node-calls.md).
 */

const padded = (bytes: number): number => (bytes + 7) & ~7;

function pointBytes(point: FoundPoint): number {
  let bytes = HEADER_BYTES + padded(point.key.length + point.payload.length);
  for (const [name, vector] of Object.entries(point.vectors ?? {})) {
    bytes += 8 + padded(Buffer.byteLength(name)) + padded(vector.byteLength);
  }
  return bytes;
}

/** Packs points into one buffer that can be transferred. */
export function packPoints(points: readonly FoundPoint[]): Uint8Array<ArrayBuffer> {
  let total = 8;
  for (const point of points) total += pointBytes(point);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, points.length, true);
  let offset = 8;
  for (const point of points) offset = packPoint(point, bytes, view, offset);
  return bytes;
}

function packPoint(point: FoundPoint, bytes: Uint8Array, view: DataView, start: number): number {
  const vectors = point.vectors === undefined ? undefined : Object.entries(point.vectors);
  view.setFloat64(start, point.version, true);
  view.setFloat64(start + 8, point.score, true);
  view.setUint16(start + 16, point.key.length, true);
  view.setUint16(start + 18, vectors?.length ?? NO_VECTORS, true);
  view.setUint32(start + 20, point.payload.length, true);
  bytes.set(point.key, start + HEADER_BYTES);
  bytes.set(point.payload, start + HEADER_BYTES + point.key.length);
  let offset = start + HEADER_BYTES + padded(point.key.length + point.payload.length);
  for (const [name, vector] of vectors ?? []) {
    const nameBytes = Buffer.from(name);
    view.setUint16(offset, nameBytes.length, true);
    view.setUint32(offset + 4, vector.length, true);
    bytes.set(nameBytes, offset + 8);
    offset += 8 + padded(nameBytes.length);
    new Float32Array(bytes.buffer, offset, vector.length).set(vector);
    offset += padded(vector.byteLength);
  }
  return offset;
}

/**
 * The points of a buffer that {@link packPoints} made. Payloads and vectors are views of it.
 *
 * @param bytes - starts at the beginning of its buffer
 */
export function unpackPoints(bytes: Uint8Array): ScoredPoint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const count = view.getUint32(0, true);
  const points: ScoredPoint[] = [];
  let offset = 8;
  for (let i = 0; i < count; i += 1) {
    const keyBytes = view.getUint16(offset + 16, true);
    const vectorCount = view.getUint16(offset + 18, true);
    const payloadBytes = view.getUint32(offset + 20, true);
    const keyStart = offset + HEADER_BYTES;
    const payloadStart = keyStart + keyBytes;
    const common = {
      id: idAt(bytes, view, keyStart, payloadStart),
      version: view.getFloat64(offset, true),
      score: view.getFloat64(offset + 8, true),
      payload: bytes.subarray(payloadStart, payloadStart + payloadBytes),
    };
    offset = keyStart + padded(keyBytes + payloadBytes);
    if (vectorCount === NO_VECTORS) {
      points.push(common);
      continue;
    }
    const vectors: Record<string, Float32Array> = {};
    for (let v = 0; v < vectorCount; v += 1) {
      const nameBytes = view.getUint16(offset, true);
      const dimension = view.getUint32(offset + 4, true);
      const name = Buffer.from(bytes.buffer, bytes.byteOffset + offset + 8, nameBytes).toString();
      offset += 8 + padded(nameBytes);
      vectors[name] = new Float32Array(
        bytes.buffer as ArrayBuffer,
        bytes.byteOffset + offset,
        dimension,
      );
      offset += padded(dimension * 4);
    }
    points.push({ ...common, vectors });
  }
  return points;
}

/** As `decodePointId`, which looks at bytes through a buffer made for it; most ids are safe integers. */
function idAt(bytes: Uint8Array, view: DataView, start: number, end: number): PointId {
  if (bytes[start] === POINT_KEY_TAG.integer) {
    const high = view.getUint32(start + 1);
    if (high < 2 ** 21) return high * 2 ** 32 + view.getUint32(start + 5);
  }
  return decodePointId(bytes.subarray(start, end));
}
