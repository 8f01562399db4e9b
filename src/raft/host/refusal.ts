import { VectorDbError } from '../../base/error.ts';
import type { ReplicaId } from '../core/configuration.ts';
import type { ProposalRefusal } from '../core/proposal-refusal.ts';
import type { ReadRefusal } from '../core/reading.ts';
import type { GroupId } from '../log/log-storage.ts';
import { nodeOf } from './replica-id.ts';

const OVERLOADED_RETRY_MS = 50;

/**
 * This replica does not lead; nothing was changed.
 *
 * @param leader - 0: not known
 */
export function notLeader(group: GroupId, leader: ReplicaId): VectorDbError {
  const node = nodeOf(leader);
  if (node === 0) return new VectorDbError('NOT_LEADER', `group ${group}: no leader is known`);
  return new VectorDbError('NOT_LEADER', `group ${group} is led by node ${node}`, {
    leaderNode: node,
  });
}

/** Another entry was committed in the place of the caller's: it never takes effect. */
export function entryLost(group: GroupId, leader: ReplicaId): VectorDbError {
  const node = nodeOf(leader);
  const text = `group ${group}: the leader changed before the entry was committed, it has no effect`;
  return new VectorDbError('NOT_LEADER', text, node === 0 ? {} : { leaderNode: node });
}

/** Nobody here can say whether the entry is committed, or will be. */
export function outcomeUnknown(group: GroupId, why: string): VectorDbError {
  return new VectorDbError('OUTCOME_UNKNOWN', `group ${group}: ${why}; the write may take effect`);
}

/** A bound is reached; nothing was changed. */
export function overloaded(group: GroupId, what: string): VectorDbError {
  return new VectorDbError('OVERLOADED', `group ${group}: ${what}`, {
    retryAfterMs: OVERLOADED_RETRY_MS,
  });
}

/** The caller's time is over. @param what - what is still open: whether a write takes effect, say */
export function deadlineExceeded(group: GroupId, what: string): VectorDbError {
  return new VectorDbError('DEADLINE_EXCEEDED', `group ${group}: ${what}`);
}

/** Why the core did not take an entry; nothing was changed. */
export function proposalRefused(
  group: GroupId,
  refusal: ProposalRefusal,
  leader: ReplicaId,
): VectorDbError {
  const text = (why: string): string => `group ${group}: ${why}`;
  switch (refusal.refused) {
    case 'notLeader':
      return notLeader(group, leader);
    case 'transferring':
      return new VectorDbError('NOT_LEADER', text('leadership is being handed over'));
    case 'uncommittedLimit':
      return overloaded(group, 'too many bytes wait to be committed');
    case 'configurationPending':
      return new VectorDbError('FAILED_PRECONDITION', text('another change is under way'));
    case 'invalidConfiguration':
      return new VectorDbError('INVALID_ARGUMENT', text(refusal.reason));
  }
}

/** Why the core does not confirm a read. */
export function readRefused(
  group: GroupId,
  refusal: ReadRefusal,
  leader: ReplicaId,
): VectorDbError {
  if (refusal === 'tooManyReads') return overloaded(group, 'too many reads wait');
  return notLeader(group, leader);
}
