import { nodeOf } from '../../../src/raft/host/replica-id.ts';
import type { GroupLog, LogStorage } from '../../../src/raft/log/log-storage.ts';
import type { ClusterLedger } from './cluster-ledger.ts';
import type { ReplicaLedger } from './replica-ledger.ts';
import { hold } from './violation.ts';

/** A log that a new process of a node has opened. */
export interface OpenedLog {
  readonly ledger: ClusterLedger;
  /** Whose log it is. */
  readonly node: number;
  readonly log: Pick<LogStorage, 'groups'>;
  /** Bytes of the disk have gone bad since it was opened last. */
  readonly isRotten: boolean;
  /** Damage was found where it had to be. */
  readonly onDamage: () => void;
}

/** What the log holds must be what the ledger knows. */
export function compareLog(opened: OpenedLog): void {
  const found = new Map(opened.log.groups.map((group) => [group.group, group]));
  for (const { group, replicas } of opened.ledger.groups) {
    for (const replica of replicas.values()) {
      if (nodeOf(replica.replica) === opened.node) {
        compareReplica(opened, replica, found.get(group));
      }
    }
  }
}

function compareReplica(
  opened: OpenedLog,
  replica: ReplicaLedger,
  here: GroupLog | undefined,
): void {
  const { isRotten, node, onDamage } = opened;
  if (replica.isDestroyed && here?.replica === replica.replica) {
    hold(
      here.state === 'destroyed' || (here.state === 'corrupt' && isRotten),
      'destroyedStaysDestroyed',
      () => `${replica.name} is ${here.state} again: ${here.damage}`,
    );
  }
  if (replica.isDestroyed || replica.isWiped) return;
  if (here?.replica !== replica.replica) {
    // A log that lost records may not know of all groups that it had.
    if (isRotten || replica.isDamaged) replica.damaged();
    else replica.absent();
  } else if (here.state === 'destroyed') replica.foundDestroyed();
  else if (here.state === 'corrupt') {
    if (!replica.isDamaged) {
      hold(
        isRotten,
        'damageIsReal',
        () => `node ${node} finds its log damaged, and it is not: ${here.damage}`,
      );
      onDamage();
    }
    replica.damaged();
  } else {
    const { hardState, generation, compacted, firstIndex, lastIndex } = here;
    const entries = lastIndex < firstIndex ? [] : here.entries(firstIndex, lastIndex + 1, Infinity);
    replica.recovered({ hardState, generation, compacted, entries });
  }
}
