import { membersOf } from '../../raft/core/configuration-change.ts';
import type { OpenGroupStatus } from '../../raft/host/group-status.ts';
import { nodeOf } from '../../raft/host/replica-id.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';

/**
 * Nodes that are not talked to any more, now and for ever: they are gone, and have no replica of the catalog, by which they have to hear of it; until then one of
 * them may even lead. Nobody while the catalog takes something over: what it says may be newer than the configuration, in which a leader would not be found yet.
 */
export function forgottenNodes(
  { nodes }: ClusterState,
  { raft }: Pick<OpenGroupStatus, 'raft'>,
): readonly NodeNumber[] {
  if (raft.restoringIndex !== 0 || raft.handedOutIndex !== raft.appliedIndex) return [];
  const members = new Set(membersOf(raft.configuration).map(nodeOf));
  const own = nodeOf(raft.replica);
  return [...nodes.values()]
    .filter(({ number, state }) => state === 'gone' && !members.has(number) && number !== own)
    .map(({ number }) => number);
}
