import type { ErrorCode } from '../../base/error-codes.ts';
import type { VectorDbError } from '../../base/error.ts';
import { UnsentCall } from '../../raft/transport/unsent-call.ts';

/**
 * What a failed attempt says of its write. `notApplied`: it has no effect, and another attempt may do better. `unknown`: it may have an effect; another
 * attempt under the same number tells. `forgotten`: this attempt has no effect, and its session is not known. `final`: it has no effect, and another attempt
 * would end the same.
 */
export type AttemptVerdict = 'notApplied' | 'unknown' | 'forgotten' | 'final';

const VERDICTS: Partial<Record<ErrorCode, AttemptVerdict>> = {
  NOT_LEADER: 'notApplied',
  NOT_READY: 'notApplied',
  NOT_FOUND: 'notApplied',
  SHUTTING_DOWN: 'notApplied',
  STALE_EPOCH: 'notApplied',
  OVERLOADED: 'notApplied',
  DISK_FULL: 'notApplied',
  STORAGE_FAILED: 'notApplied',
  DATA_CORRUPT: 'notApplied',
  UNAVAILABLE: 'unknown',
  OUTCOME_UNKNOWN: 'unknown',
  DEADLINE_EXCEEDED: 'unknown',
  CANCELLED: 'unknown',
  INTERNAL: 'unknown',
  SESSION_EXPIRED: 'forgotten',
};

/** What the error of an attempt to propose says of the write (see `RaftHost.propose` and `NodeCaller.call`). */
export function verdictOf(error: VectorDbError): AttemptVerdict {
  // What did not leave this node has no effect elsewhere; what another node says of a call of its own is no such error.
  if (error instanceof UnsentCall) return 'notApplied';
  return VERDICTS[error.code] ?? 'final';
}
