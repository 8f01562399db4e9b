import { ERROR_CODES, type ErrorCode } from './error-codes.ts';

/** What a caller may want to act on, besides the code. */
export interface ErrorDetails {
  /** Path of the field at fault, as the caller wrote it: `points[3].vector`. */
  readonly field?: string;
  /** After how long the caller may try again. */
  readonly retryAfterMs?: number;
  /** The node that leads the group and may be asked instead. */
  readonly leaderNode?: number;
}

/** The one error that crosses a boundary of this program: expected, coded, and safe to show to a caller. */
export class VectorDbError extends Error {
  override readonly name = 'VectorDbError';
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly leaderNode: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails & { readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.field = details.field;
    this.retryAfterMs = details.retryAfterMs;
    this.leaderNode = details.leaderNode;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** An error's form in a message between threads or nodes. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly field?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly leaderNode?: number | undefined;
}

/** Gives any thrown value its code; what has none is a bug and becomes `INTERNAL`. */
export function toVectorDbError(thrown: unknown): VectorDbError {
  if (thrown instanceof VectorDbError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new VectorDbError('INTERNAL', message, { cause: thrown });
}

/** Any thrown value as a message; a cause stays behind. */
export function serializeError(thrown: unknown): SerializedError {
  const { code, message, field, retryAfterMs, leaderNode } = toVectorDbError(thrown);
  return { code, message, field, retryAfterMs, leaderNode };
}

/** The error that {@link serializeError} made the message from. */
export function deserializeError(error: SerializedError): VectorDbError {
  return new VectorDbError(error.code, error.message, {
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.leaderNode === undefined ? {} : { leaderNode: error.leaderNode }),
  });
}
