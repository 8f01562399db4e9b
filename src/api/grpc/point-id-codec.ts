import type { PointId } from '../../base/point-id.ts';
import { checkAtMost, invalidField } from '../request-checks.ts';
import type * as wire from './generated/messages.ts';

/** @throws {VectorDbError} INVALID_ARGUMENT where there is no value */
export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw invalidField(field, 'is required');
  return value;
}

/** @throws {VectorDbError} INVALID_ARGUMENT */
export function readPointId(id: wire.PointId | undefined, field: string): PointId {
  switch (id?.kind) {
    case 'text':
      return required(id.text, field);
    case 'integer': {
      const wide = BigInt(required(id.integer, field));
      return wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide;
    }
    case undefined:
      throw invalidField(field, 'is required: an integer or a text');
  }
}

/**
 * @param max - ids that there may be
 * @throws {VectorDbError} INVALID_ARGUMENT, LIMIT_EXCEEDED
 */
export function readPointIds(
  ids: readonly wire.PointId[] | undefined,
  field: string,
  max: number,
): PointId[] {
  const list = ids ?? [];
  checkAtMost(list.length, max, field);
  return list.map((id, i) => readPointId(id, `${field}[${i}]`));
}

/** The id as a message. */
export function writePointId(id: PointId): wire.PointId {
  return typeof id === 'string' ? { text: id } : { integer: String(id) };
}
