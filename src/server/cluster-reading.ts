import {
  CATALOG_GROUP,
  type ClusterState,
  shardOfGroup,
} from '../cluster/catalog/cluster-state.ts';
import type { RaftGroupReading, RaftReading } from '../observability/raft-metrics.ts';
import type { TransportReading } from '../observability/transport-metrics.ts';
import type { OpenGroupStatus } from '../raft/host/group-status.ts';
import type { RaftHost } from '../raft/host/raft-host.ts';
import type { TransportStatistics } from '../raft/transport/transport-statistics.ts';

const MS_PER_SECOND = 1_000;

/** What is measured of a node's groups and of its cluster. */
export interface MeasuredNode {
  readonly host: Pick<RaftHost, 'groups' | 'statistics'>;
  readonly state: ClusterState;
  readonly traffic: TransportStatistics;
}

/** How the node's groups and its cluster are at this moment. */
export function clusterReading({ host, state, traffic }: MeasuredNode): RaftReading {
  const groups = host.groups();
  const open = groups.filter((each) => each.state === 'open');
  const { logBytes, logStalledMs, logBatches, logWrites } = host.statistics;
  const nodes = { member: 0, leaving: 0 };
  for (const node of state.nodes.values()) if (node.state !== 'gone') nodes[node.state] += 1;
  return {
    groups: open.map(groupReading),
    corruptGroups: groups.length - open.length,
    proposals: open.reduce((sum, { proposals }) => sum + proposals, 0),
    reads: open.reduce((sum, { reads }) => sum + reads, 0),
    logBytes,
    logStalledSeconds: logStalledMs / MS_PER_SECOND,
    logBatches,
    logWrites,
    nodes,
    moves: state.moves.size,
    catalogVersion: state.version,
    shards: state.shards.map(({ replicas }, shard) => ({ shard, replicas: replicas.length })),
    replicasWanted: Math.min(state.settings.replicaCount, nodes.member),
    transport: transportReading(traffic),
  };
}

function groupReading({
  group,
  raft,
  leaderNode,
  unappliedEntries,
  snapshotCounts,
}: OpenGroupStatus): RaftGroupReading {
  const isLeader = raft.role === 'leader';
  const others = raft.progress.filter(({ replica }) => replica !== raft.replica);
  return {
    group: group === CATALOG_GROUP ? 'catalog' : `shard-${shardOfGroup(group)}`,
    term: raft.term,
    isLeader,
    hasLeader: leaderNode !== 0,
    commitIndex: raft.commitIndex,
    unappliedEntries,
    replicaLagEntries: isLeader
      ? Math.max(0, ...others.map(({ match }) => raft.lastIndex - match))
      : undefined,
    snapshots: snapshotCounts,
  };
}

function transportReading(traffic: TransportStatistics): TransportReading {
  const { callsAnswered, callsFailed, callsCancelled, messagesSent, messagesReceived } = traffic;
  return {
    calls: { answered: callsAnswered, failed: callsFailed, cancelled: callsCancelled },
    callsServed: { answer: traffic.callsServed, none: traffic.callsNotServed },
    callBytes: { sent: traffic.callBytesSent, received: traffic.callBytesReceived },
    messages: { sent: messagesSent, received: messagesReceived },
    messagesDropped: traffic.messagesDropped,
    bytes: { sent: traffic.bytesSent, received: traffic.bytesReceived },
    connects: traffic.connects,
    connectionEnds: traffic.connectionEnds,
    callsUnderWay: Object.fromEntries(
      traffic.peers.map(({ node, callsUnderWay }) => [String(node), callsUnderWay]),
    ),
  };
}
