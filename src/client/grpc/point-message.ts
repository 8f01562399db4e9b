import { must } from '../../base/assert.ts';
import { assertPointId, type PointId } from '../../base/point-id.ts';
import type { PointIdMessage, VectorMessage } from './grape-messages.ts';

/** An id as a message. @throws {VectorDbError} INVALID_ARGUMENT: no more than 64 bits are sent, and another id would be meant */
export function idMessage(id: PointId): PointIdMessage {
  assertPointId(id, 'id');
  return typeof id === 'string' ? { text: id } : { integer: String(id) };
}

/** The id of a message; integers beyond the safe ones are `bigint`s. */
export function idFromMessage(message: PointIdMessage): PointId {
  return message.text !== undefined && message.kind !== 'integer'
    ? message.text
    : integerId(must(message.integer, 'an id without a kind'));
}

/** The vector's own bytes, not copied. */
export function vectorMessage(vector: Float32Array): VectorMessage {
  return { float32: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength) };
}

/** The numbers of a vector, copied where the bytes are not aligned. */
export function vectorFromMessage(message: { readonly float32: Uint8Array }): Float32Array {
  const copy = new Uint8Array(message.float32);
  return new Float32Array(copy.buffer);
}

/** Digits as the id they mean, exactly. */
export function integerId(digits: string): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}
