import type { Configuration } from '../../../src/raft/core/configuration.ts';
import type { RaftStatus } from '../../../src/raft/core/raft-status.ts';
import type { GroupLedger } from '../invariants/group-ledger.ts';

/**
 * A group's configuration as the replica knows it that has applied the most; of a group whose replicas are all down the newest that was seen. A group may come
 * back to one that it had.
 */
export function currentConfiguration({
  replicas,
  configurations,
}: GroupLedger): Configuration | undefined {
  let newest: RaftStatus | undefined;
  for (const { status } of replicas.values()) {
    if (status === undefined || status.configuration.voters.length === 0) continue;
    if (newest === undefined || status.appliedIndex > newest.appliedIndex) newest = status;
  }
  return newest?.configuration ?? configurations.at(-1);
}
