import type { RaftStatus } from '../../../src/raft/core/raft-status.ts';
import type { GroupLedger } from './group-ledger.ts';
import { isQuorum } from './quorum-check.ts';
import type { ReplicaLedger } from './replica-ledger.ts';
import { hold } from './violation.ts';

/** A replica's commit index has risen, perhaps beyond what any replica knew: then the entry must be durable on a quorum, and of the leader's own term. */
export function checkCommit(
  group: GroupLedger,
  ledger: ReplicaLedger,
  before: RaftStatus | undefined,
  status: RaftStatus,
): void {
  const { commitIndex, durableIndex, term } = status;
  // What is not durable here may still be on its way to the log, which has other entries there now.
  const until = Math.min(commitIndex, durableIndex);
  const from = Math.max(ledger.checkedCommit, ledger.written.compacted.index);
  for (let index = from + 1; index <= until; index += 1) {
    const entry = ledger.written.entry(index);
    hold(
      entry !== undefined,
      'order',
      () => `${ledger.name} has commit index ${commitIndex} and no entry ${index}`,
    );
    group.entryCommitted(entry, term, ledger);
  }
  ledger.checkedCommit = Math.max(ledger.checkedCommit, until);
  if (commitIndex > group.commitMax) checkNewCommit(group, ledger, before, status);
}

function checkNewCommit(
  group: GroupLedger,
  ledger: ReplicaLedger,
  before: RaftStatus | undefined,
  status: RaftStatus,
): void {
  const { commitIndex, durableIndex, term, role } = status;
  group.commitMax = commitIndex;
  const own = durableIndex >= commitIndex ? ledger.written.term(commitIndex) : undefined;
  if (role !== 'leader' && own === undefined) return;
  // Commit by counting only entries of the own term (thesis 3.6.2); the sole voter of a group is no exception.
  hold(
    role !== 'leader' || own === undefined || own === term,
    'committedIsDurable',
    () => `${ledger.name}, leader of term ${term}, commits entry ${commitIndex} of term ${own}`,
  );
  const id = { index: commitIndex, term: own ?? term };
  const holders = [...group.replicas.values()].filter(({ durable }) => durable.covers(id));
  const configurations = [
    status.configuration,
    ...(before === undefined ? [] : [before.configuration]),
    ...group.configurations.slice(-1),
  ];
  hold(
    configurations.some((configuration) =>
      isQuorum(configuration, (replica) => holders.some((each) => each.replica === replica)),
    ),
    'committedIsDurable',
    () =>
      `${ledger.name} commits entry ${commitIndex} of term ${id.term}, durable on ${holders
        .map(({ name }) => name)
        .join(', ')} only, in ${JSON.stringify(status.configuration)}`,
  );
  const entry = holders.map(({ durable }) => durable.entry(commitIndex)).find(Boolean);
  if (entry !== undefined) group.entryCommitted(entry, term, ledger);
  for (const other of group.replicas.values()) {
    if (other.status?.role === 'leader' && other.status.term > term) {
      checkCompleteness(group, other);
    }
  }
}

/** Leader Completeness (thesis figure 3.2): a leader has every entry that was committed in a term before its own; by Log Matching the newest is enough. */
export function checkCompleteness(group: GroupLedger, ledger: ReplicaLedger): void {
  const term = ledger.status?.term ?? 0;
  for (let index = group.commitMax; index > ledger.written.compacted.index; index -= 1) {
    const committed = group.committed(index);
    if (committed === undefined || committed.byTerm >= term) continue;
    hold(
      ledger.written.term(index) === committed.term,
      'leaderCompleteness',
      () =>
        `${ledger.name}, leader of term ${term}, lacks entry ${index} of term ${committed.term}, committed in term ${committed.byTerm}`,
    );
    return;
  }
}
