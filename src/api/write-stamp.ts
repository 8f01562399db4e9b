import { VectorDbError } from '../base/error.ts';
import { SESSION_TOKEN_CHARS_MAX } from '../database/client-session.ts';
import type { WriteStamp } from '../database/vector-database.ts';
import { invalidField } from './request-checks.ts';

/** Headers of a REST request, or metadata of a gRPC call, that say which write of which client it is. */
export const STAMP_HEADERS = {
  /** As the operation that opens sessions gave it. */
  session: 'grape-session',
  /** `n/m`: the write's number in the session, and up to which number the client sends no write again. */
  sequence: 'grape-sequence',
} as const;

const SEQUENCE = /^([0-9]{1,15})\/([0-9]{1,15})$/;

/**
 * The stamp that a request carries; undefined: none.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT, LIMIT_EXCEEDED with the header as field
 */
export function readStamp(
  session: string | undefined,
  sequence: string | undefined,
): WriteStamp | undefined {
  if (session === undefined && sequence === undefined) return undefined;
  if (session === undefined || session === '') {
    throw invalidField(STAMP_HEADERS.session, `is needed beside ${STAMP_HEADERS.sequence}`);
  }
  if (session.length > SESSION_TOKEN_CHARS_MAX) {
    throw new VectorDbError(
      'LIMIT_EXCEEDED',
      `${STAMP_HEADERS.session}: at most ${SESSION_TOKEN_CHARS_MAX} characters`,
      { field: STAMP_HEADERS.session },
    );
  }
  const [, number, respondedUpTo] = SEQUENCE.exec(sequence ?? '') ?? [];
  if (number === undefined || Number(respondedUpTo) >= Number(number)) {
    throw invalidField(STAMP_HEADERS.sequence, 'is n/m, two integers, the first one the larger');
  }
  return { session, sequence: Number(number), respondedUpTo: Number(respondedUpTo) };
}
