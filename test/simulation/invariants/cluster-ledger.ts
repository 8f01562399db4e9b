import type { ReplicaId } from '../../../src/raft/core/configuration.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import type { RaftStatus } from '../../../src/raft/core/raft-status.ts';
import type { GroupId, GroupWrite } from '../../../src/raft/log/log-storage.ts';
import { checkCommit, checkCompleteness } from './commit-check.ts';
import { checkElection } from './election-check.ts';
import { checkConfiguration, checkOwnChanges } from './configuration-check.ts';
import { GroupLedger } from './group-ledger.ts';
import type { RecoveredLog } from './replica-ledger.ts';
import { checkSent } from './send-check.ts';
import { shadowWriteOf } from './shadow-log.ts';
import { checkMonotonic, checkOrder, type StatusLimits } from './status-check.ts';

/**
 * Watches all replicas of a cluster, and throws a {@link Violation} at the first event after which an invariant does not hold. What it costs grows with
 * what changed, not with what there is.
 */
export class ClusterLedger {
  readonly #limits: StatusLimits;
  readonly #groups = new Map<GroupId, GroupLedger>();

  constructor(limits: StatusLimits) {
    this.#limits = limits;
  }

  /** All that were seen. */
  get groups(): Iterable<GroupLedger> {
    return this.#groups.values();
  }

  group(group: GroupId): GroupLedger {
    let ledger = this.#groups.get(group);
    if (ledger === undefined) {
      ledger = new GroupLedger(group);
      this.#groups.set(group, ledger);
    }
    return ledger;
  }

  /** A replica hands a write to its log. */
  wrote(replica: ReplicaId, write: GroupWrite): void {
    const group = this.group(write.group);
    const ledger = group.replica(replica);
    const shadow = shadowWriteOf(write);
    ledger.wrote(shadow);
    for (const entry of shadow.entries ?? []) {
      group.entryWritten(entry, ledger.written.term(entry.index - 1), ledger);
      const term = shadow.hardState?.term ?? ledger.written.hardState.term;
      if (entry.kind === 'configuration' && entry.term === term && ledger.ledTerm === term) {
        ledger.ownChanges.push(entry.index);
      }
    }
  }

  /** The log has acknowledged writes of a replica, the oldest first. */
  acknowledged(group: GroupId, replica: ReplicaId, count: number): void {
    this.group(group).replica(replica).acknowledged(count);
  }

  /** A message leaves. */
  sent(group: GroupId, message: Message): void {
    const ledger = this.group(group);
    checkSent(ledger, ledger.replica(message.from), message);
  }

  /** A replica's process ended. */
  crashed(group: GroupId, replica: ReplicaId): void {
    this.group(group).replica(replica).crashed();
  }

  /** A new process has opened a replica's log. */
  recovered(group: GroupId, replica: ReplicaId, log: RecoveredLog): void {
    this.group(group).replica(replica).recovered(log);
  }

  /** A replica after an event. @param isStopping - its host closes, and does not tell the core any more what became of its effects */
  observed(group: GroupId, status: RaftStatus, isStopping = false): void {
    const groupLedger = this.group(group);
    const ledger = groupLedger.replica(status.replica);
    const before = ledger.status;
    ledger.status = status;
    if (before !== undefined) checkMonotonic(ledger, before, status);
    if (!isStopping) checkOrder(ledger, status, this.#limits);
    if (status.configuration !== before?.configuration) {
      checkConfiguration(groupLedger, ledger, status);
    }
    const leads = status.role === 'leader';
    const isNewLeader = leads && (before?.role !== 'leader' || before.term !== status.term);
    if (isNewLeader) {
      groupLedger.leaderSeen(ledger, status.term);
      checkElection(groupLedger, ledger, [status, before ?? status]);
      ledger.ledTerm = status.term;
    }
    if (
      Math.min(status.commitIndex, status.durableIndex) > ledger.checkedCommit ||
      status.commitIndex > groupLedger.commitMax
    ) {
      checkCommit(groupLedger, ledger, before, status);
    }
    if (isNewLeader) checkCompleteness(groupLedger, ledger);
    checkOwnChanges(ledger, status);
  }
}
