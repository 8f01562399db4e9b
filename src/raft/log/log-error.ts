import { InvariantError } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';

/** What a failure of the files means to whoever uses the log; a broken invariant is thrown on as it is. */
export function logError(thrown: unknown): VectorDbError {
  if (thrown instanceof InvariantError) throw thrown;
  if (thrown instanceof VectorDbError) return thrown;
  const { code, message } = thrown as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new VectorDbError('DISK_FULL', `no room for the Raft log: ${message}`, { cause: thrown })
    : new VectorDbError('STORAGE_FAILED', `the Raft log's files cannot be used: ${message}`, {
        cause: thrown,
      });
}
