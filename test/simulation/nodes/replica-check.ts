import { nodeOf } from '../../../src/raft/host/replica-id.ts';
import type { Configuration, ReplicaId } from '../../../src/raft/core/configuration.ts';
import type { GroupLedger } from '../invariants/group-ledger.ts';
import { hold } from '../invariants/violation.ts';

/** A group's newest configuration. Who votes for the first time has a state: it was a learner until it had one. */
export function checkNewVoters({ group, configurations, replicas }: GroupLedger): void {
  const [before, now] = configurations.slice(-2);
  if (before === undefined || now === undefined) return;
  for (const replica of now.voters) {
    if (votes(before, replica)) continue;
    hold(
      (replicas.get(replica)?.written.lastIndex ?? 0) > 0,
      'votersHaveCaughtUp',
      () => `replica ${replica} of group ${group} votes, and has nothing`,
    );
  }
}

/**
 * Nobody counts on a replica any more: the catalog lets go of it, or it was destroyed. So many of those that stay have applied its removal, in whatever life, that nobody ever
 * asks for its vote or its entries. One that was damaged has been silent as if it were destroyed, and one that never voted is not needed.
 */
export function checkNotNeeded(
  { group, configurations, replicas }: GroupLedger,
  replica: ReplicaId,
): void {
  const last = configurations.findLastIndex((each) => votes(each, replica));
  if (last < 0 || replicas.get(replica)?.isDamaged === true) return;
  const { voters = [] } = configurations[last + 1] ?? {};
  const know = voters.filter((each) => (replicas.get(each)?.configurationMax ?? -1) > last);
  hold(
    2 * know.length > voters.length,
    'destroyedIsNotNeeded',
    () =>
      `group ${group} gives its replica on node ${nodeOf(replica)} up, and only ${know.length} of ${voters.length} voters know that it is out`,
  );
}

function votes({ voters, outgoing }: Configuration, replica: ReplicaId): boolean {
  return voters.includes(replica) || outgoing.includes(replica);
}
