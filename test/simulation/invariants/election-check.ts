import type { RaftStatus } from '../../../src/raft/core/raft-status.ts';
import type { GroupLedger } from './group-ledger.ts';
import { isQuorum } from './quorum-check.ts';
import type { ReplicaLedger } from './replica-ledger.ts';
import { hold } from './violation.ts';

/**
 * Who leads has the votes of a quorum of its configuration, of both halves of a joint one (thesis 3.4, 4.3); its own counts when it is durable.
 *
 * @param statuses - of the new leader, and before: a change may have been applied meanwhile
 */
export function checkElection(
  group: GroupLedger,
  ledger: ReplicaLedger,
  statuses: readonly [RaftStatus, RaftStatus],
): void {
  const [{ term, replica }] = statuses;
  const own = ledger.durable.hardState;
  const ownIsDurable = own.term > term || (own.term === term && own.vote === replica);
  const hasVoted = (voter: number): boolean =>
    voter === replica ? ownIsDurable : group.hasVote(voter, term, replica);
  hold(
    statuses.some(({ configuration }) => isQuorum(configuration, hasVoted)),
    'electionSafety',
    () =>
      `${ledger.name} leads term ${term} without the votes of a quorum of ${JSON.stringify(statuses[0].configuration)}`,
  );
}
