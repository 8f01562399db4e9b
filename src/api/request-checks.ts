import { VectorDbError } from '../base/error.ts';

/** An INVALID_ARGUMENT about one field of a request; `why` is a sentence without its field. */
export function invalidField(field: string, why: string): VectorDbError {
  return new VectorDbError('INVALID_ARGUMENT', `${field}: ${why}`, { field });
}

/**
 * That a number a caller chose lies within its bounds.
 *
 * @param min - INVALID_ARGUMENT below it
 * @param max - a configured limit: LIMIT_EXCEEDED above it
 * @throws {VectorDbError}
 */
export function checkCount(value: number, min: number, max: number, field: string): void {
  if (!Number.isInteger(value) || value < min) {
    throw invalidField(field, `must be a whole number from ${min} to ${max}, not ${value}`);
  }
  checkAtMost(value, max, field);
}

/** @throws {VectorDbError} LIMIT_EXCEEDED where `value` is above the configured limit `max` */
export function checkAtMost(value: number, max: number, field: string): void {
  if (value <= max) return;
  throw new VectorDbError('LIMIT_EXCEEDED', `${field}: at most ${max}, not ${value}`, { field });
}

/**
 * That a name can be one of a collection, alias, vector or field.
 *
 * @param bytesMax - UTF-8 bytes that it may have
 * @throws {VectorDbError} INVALID_ARGUMENT where it is empty; LIMIT_EXCEEDED where it is too long
 */
export function checkName(name: string, field: string, bytesMax: number): void {
  if (name === '') throw invalidField(field, 'is required');
  if (!name.isWellFormed()) throw invalidField(field, 'must be well-formed Unicode');
  const bytes = Buffer.byteLength(name);
  if (bytes <= bytesMax) return;
  throw new VectorDbError(
    'LIMIT_EXCEEDED',
    `${field}: at most ${bytesMax} bytes of UTF-8, not ${bytes}`,
    { field },
  );
}
