import { VectorDbError } from '../../base/error.ts';

/** What is wrong with a line of a file the caller named; `line` counts from 1, as editors do. */
export function lineError(
  where: { readonly path: string; readonly line: number },
  reason: string,
  member?: string,
): VectorDbError {
  const place = `${where.path}:${where.line}`;
  return new VectorDbError('INVALID_ARGUMENT', `${place} ${reason}`, {
    field: member === undefined ? place : `${place} ${member}`,
  });
}
