import { crc32 } from 'node:zlib';
import type { PointId } from '../../../src/base/point-id.ts';

/** A payload of the crash tests: flat. */
export type ModelledPayload = Readonly<Record<string, string | number>>;

/** A point as a client wrote it. */
export interface ModelledPoint {
  readonly id: PointId;
  readonly vector: Float32Array;
  /** The vector named `alt`, which only some points have. */
  readonly alt?: Float32Array;
  readonly payload: ModelledPayload;
}

/** Which points a change is about; `tag` is always asked together with the owner, so that no client touches another's points. */
export type ModelledSelector =
  | { readonly ids: readonly PointId[] }
  | { readonly owner: number; readonly tag: string };

/** One write of a client. */
export type Change =
  | { readonly kind: 'upsert'; readonly points: readonly ModelledPoint[] }
  | { readonly kind: 'delete'; readonly selector: ModelledSelector }
  | {
      readonly kind: 'set' | 'overwrite';
      readonly selector: ModelledSelector;
      readonly payload: ModelledPayload;
    }
  | {
      readonly kind: 'unset';
      readonly selector: ModelledSelector;
      readonly keys: readonly string[];
    };

/** What an id is known by in maps: a number and its text are two ids. */
export function idText(id: PointId): string {
  return typeof id === 'string' ? JSON.stringify(id) : String(id);
}

/** What binds a payload to its point's id, vectors and tag. */
export function checksum(point: Omit<ModelledPoint, 'payload'>, tag: string): number {
  let sum = crc32(`${idText(point.id)}/${tag}`);
  for (const vector of [point.vector, point.alt ?? new Float32Array(0)]) {
    sum = crc32(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), sum);
  }
  return sum;
}

/** Everything about a point as one text: two points with the same are the same. */
export function fingerprint(point: ModelledPoint | undefined): string {
  if (point === undefined) return 'nothing';
  const { vector, alt, payload } = point;
  const fields = Object.entries(payload).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([[...vector], alt === undefined ? null : [...alt], fields]);
}

/** What is wrong with a point by itself; nothing where its parts belong together. */
export function inconsistency(point: ModelledPoint): string | undefined {
  const { payload } = point;
  if (payload['sum'] !== checksum(point, String(payload['tag']))) {
    return `${idText(point.id)}: payload and vector do not belong together: ${fingerprint(point)}`;
  }
  if (payload['note'] !== payload['pair']) {
    return `${idText(point.id)}: a payload change was applied in part: ${fingerprint(point)}`;
  }
  return undefined;
}
