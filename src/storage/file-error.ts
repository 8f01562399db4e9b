import { toVectorDbError, VectorDbError } from '../base/error.ts';

/** The code that a failure of the file system has at our boundaries; anything else is what {@link toVectorDbError} makes of it. */
export function fileError(thrown: unknown): VectorDbError {
  const { code, syscall, message } = thrown as NodeJS.ErrnoException;
  if (thrown instanceof VectorDbError || typeof syscall !== 'string') {
    return toVectorDbError(thrown);
  }
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new VectorDbError('DISK_FULL', `the disk is full: ${message}`, { cause: thrown })
    : new VectorDbError('STORAGE_FAILED', `a file cannot be used: ${message}`, { cause: thrown });
}
