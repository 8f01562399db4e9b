import type { RaftStatus } from '../../../src/raft/core/raft-status.ts';
import type { ReplicaLedger } from './replica-ledger.ts';
import { hold } from './violation.ts';

/** Limits that the replicas were told. */
export interface StatusLimits {
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
  readonly appendBytesMax: number;
  readonly uncommittedBytesMax: number;
  /** Bytes of one entry's data at most; a limit may be exceeded by one entry. */
  readonly entryBytesMax: number;
}

/** Within one life term, commit and applied index only rise. */
export function checkMonotonic(ledger: ReplicaLedger, before: RaftStatus, now: RaftStatus): void {
  const rises =
    now.term >= before.term &&
    now.commitIndex >= before.commitIndex &&
    now.appliedIndex >= before.appliedIndex &&
    now.firstIndex >= before.firstIndex;
  hold(
    rises,
    'monotonic',
    () => `${ledger.name} went back from ${summary(before)} to ${summary(now)}`,
  );
  hold(
    now.term > before.term || before.vote === 0 || now.vote === before.vote,
    'oneVoteATerm',
    () => `${ledger.name} has another vote than before: ${summary(before)}; ${summary(now)}`,
  );
  if (before.role === 'leader' && now.role === 'leader' && before.term === now.term) {
    checkLeadership(ledger, before, now);
  }
}

/** What a leader knows to be in a follower's log stays there. */
function checkLeadership(ledger: ReplicaLedger, before: RaftStatus, now: RaftStatus): void {
  const isSame = before.configuration === now.configuration;
  for (const [place, peer] of isSame ? now.progress.entries() : []) {
    hold(
      peer.match >= (before.progress[place]?.match ?? 0),
      'monotonic',
      () => `${ledger.name} forgot that ${peer.replica} has more than ${peer.match}`,
    );
  }
}

/** Indexes are in order, and nothing exceeds its limit. */
export function checkOrder(ledger: ReplicaLedger, status: RaftStatus, limits: StatusLimits): void {
  const { firstIndex, appliedIndex, commitIndex, lastIndex, restoringIndex } = status;
  hold(
    // A snapshot's state takes the place of the applied one a little after the log begins behind it.
    firstIndex - 1 <= Math.max(appliedIndex, restoringIndex) &&
      appliedIndex <= commitIndex &&
      commitIndex <= lastIndex &&
      (restoringIndex !== 0 || status.handedOutIndex <= status.durableIndex),
    'order',
    () => `${ledger.name}: ${summary(status)}`,
  );
  hold(
    status.uncommittedBytes <= limits.uncommittedBytesMax + limits.entryBytesMax,
    'bounds',
    () => `${ledger.name} has ${status.uncommittedBytes} uncommitted bytes`,
  );
  for (const peer of status.progress) {
    hold(
      peer.next > peer.match && peer.match <= lastIndex && peer.next <= lastIndex + 1,
      'order',
      () => `${ledger.name} has match ${peer.match}, next ${peer.next} for ${peer.replica}`,
    );
    hold(
      peer.inflightMessages <= limits.inflightMessagesMax &&
        peer.inflightBytes <=
          limits.inflightBytesMax + Math.max(limits.appendBytesMax, limits.entryBytesMax),
      'bounds',
      () =>
        `${ledger.name} has ${peer.inflightMessages} messages, ${peer.inflightBytes} bytes on their way to ${peer.replica}`,
    );
  }
}

function summary(status: RaftStatus): string {
  const { role, term, vote, firstIndex, appliedIndex, handedOutIndex, durableIndex } = status;
  return `${role} term ${term} vote ${vote} first ${firstIndex} applied ${appliedIndex} handed out ${handedOutIndex} durable ${durableIndex} commit ${status.commitIndex} last ${status.lastIndex}`;
}
