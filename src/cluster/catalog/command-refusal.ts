import { VectorDbError } from '../../base/error.ts';
import type { ErrorCode } from '../../base/error-codes.ts';

/**
 * The error that ends a command which changes nothing.
 *
 * @param field - the setting or field of a request that the operator would have to change
 */
export function refusal(code: ErrorCode, message: string, field?: string): VectorDbError {
  return new VectorDbError(code, message, field === undefined ? {} : { field });
}
