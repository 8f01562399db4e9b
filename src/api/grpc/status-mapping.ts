import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { ERROR_CODES } from '../../base/error-codes.ts';
import type { VectorDbError } from '../../base/error.ts';

/** Trailing metadata that an error carries. */
export const ERROR_METADATA = {
  code: 'grape-error-code',
  /** UTF-8, percent-encoded: metadata is ASCII. */
  field: 'grape-error-field',
  /** Milliseconds after which a client may try again; gRPC clients with a retry policy obey it. */
  pushback: 'grpc-retry-pushback-ms',
  retryAfter: 'retry-after-ms',
} as const;

/** Characters of a message or field that a status carries; the rest is cut off, since trailers have a bound. */
const TEXT_MAX = 1_000;

/**
 * The gRPC status of an error, with its code, field and retry delay as trailing metadata.
 *
 * @param error - one that a caller may see
 */
export function statusOf(error: VectorDbError): StatusObject {
  const { code, field, retryAfterMs } = error;
  const metadata = new Metadata();
  metadata.set(ERROR_METADATA.code, code);
  if (field !== undefined) {
    metadata.set(ERROR_METADATA.field, percentEncoded(field.slice(0, TEXT_MAX)));
  }
  if (retryAfterMs !== undefined) {
    const delay = String(Math.max(0, Math.ceil(retryAfterMs)));
    metadata.set(ERROR_METADATA.pushback, delay);
    metadata.set(ERROR_METADATA.retryAfter, delay);
  }
  return {
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the table holds gRPC's own numbers
    code: ERROR_CODES[code].grpc,
    details: error.message.slice(0, TEXT_MAX).toWellFormed(),
    metadata,
  };
}

/** Escapes what metadata cannot hold, and the escape character itself. */
function percentEncoded(text: string): string {
  return text.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]/gu, encodeURIComponent);
}
