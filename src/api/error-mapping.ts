import { ERROR_CODES } from '../base/error-codes.ts';
import { VectorDbError, toVectorDbError } from '../base/error.ts';

/** What callers are told of a bug: nothing of its inside. */
export const BUG_MESSAGE = 'the request ended unexpectedly; the log of the server tells why';

/** Whether what was thrown is a bug, which belongs into the log and not into the answer. */
export function isBug(thrown: unknown): boolean {
  return !(thrown instanceof VectorDbError) || thrown.code === 'INTERNAL';
}

/** What a caller is told of anything that was thrown: an error with a code, with the message of a bug left out. */
export function callerError(thrown: unknown): VectorDbError {
  if (isBug(thrown)) return new VectorDbError('INTERNAL', BUG_MESSAGE);
  return toVectorDbError(thrown);
}

/** An error as the REST API answers it. */
export interface RestError {
  readonly status: number;
  /** `retry-after` in whole seconds, where the caller may try again; `www-authenticate` where a key is missing. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
}

const DEFAULT_RETRY_AFTER_MS = 1000;

/** @param error - one that {@link callerError} gave */
export function restError(error: VectorDbError): RestError {
  const { code, message, field, retryable } = error;
  const status = ERROR_CODES[code].http;
  const headers: Record<string, string> = {};
  let { retryAfterMs } = error;
  if (status === 429 || (status === 503 && retryable)) {
    retryAfterMs ??= DEFAULT_RETRY_AFTER_MS;
    headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  }
  if (code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer';
  const body = JSON.stringify({
    error: {
      code,
      message,
      ...(field === undefined ? {} : { field }),
      retryable,
      ...(retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(retryAfterMs) }),
    },
  });
  return { status, headers, body };
}
