import type { PeerProgress, RaftStatus } from './raft-status.ts';
import { membersOf } from './configuration-change.ts';
import type { Leadership } from './leadership.ts';
import type { Replica } from './replica.ts';

/** A replica as others may see it. */
export function statusOf(replica: Replica): RaftStatus {
  const { log, leadership, state } = replica;
  return {
    replica: replica.id,
    role: state.role,
    term: replica.term,
    vote: replica.vote,
    leader: replica.leader,
    firstIndex: log.firstIndex,
    lastIndex: log.lastIndex,
    lastTerm: log.last.term,
    durableIndex: log.durableIndex,
    commitIndex: log.commit,
    handedOutIndex: log.handedOut,
    appliedIndex: log.applied,
    configuration: replica.configuration,
    restoringIndex: replica.restoring?.index ?? 0,
    transferee: leadership?.transfer?.to ?? 0,
    configurationIndex: leadership?.configurationIndex ?? 0,
    isLeaving: leadership?.farewell !== undefined,
    uncommittedBytes: leadership?.uncommitted.bytes ?? 0,
    pendingReads: leadership?.reads.size ?? 0,
    progress: leadership === undefined ? [] : progressOf(replica, leadership),
  };
}

function progressOf(replica: Replica, { peers }: Leadership): readonly PeerProgress[] {
  const { log, configuration, id } = replica;
  return membersOf(configuration).map((member): PeerProgress => {
    const isLearner = configuration.learners.includes(member);
    const peer = peers.get(member);
    return {
      replica: member,
      isLearner,
      state: peer?.state ?? 'replicate',
      match: peer?.match ?? log.durableIndex,
      next: peer?.next ?? log.lastIndex + 1,
      inflightMessages: peer?.inflightMessages ?? 0,
      inflightBytes: peer?.inflightBytes ?? 0,
      isPaused: peer?.isPaused ?? false,
      recentlyActive: member === id || peer?.recentlyActive === true,
      pendingSnapshot: peer?.pendingSnapshot ?? 0,
    };
  });
}
