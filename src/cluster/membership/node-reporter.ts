import type { GroupStatus } from '../../raft/host/group-status.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import type { GroupReport, NodeReport } from '../call/node-report.ts';
import { CATALOG_GROUP, type ClusterState, shardOfGroup } from '../catalog/cluster-state.ts';
import type { HeldShard, ShardHolder } from '../shard/shard-holder.ts';
import type { NodeVitals } from './membership-options.ts';

export interface NodeReporterOptions {
  readonly host: Pick<RaftHost, 'node' | 'groups'>;
  readonly holder: Pick<ShardHolder, 'shards' | 'swept'>;
  readonly state: () => ClusterState;
  readonly vitals: () => NodeVitals;
}

/** Says how this node is. */
export class NodeReporter {
  readonly #options: NodeReporterOptions;

  constructor(options: NodeReporterOptions) {
    this.#options = options;
  }

  async report(): Promise<NodeReport> {
    const { host, holder, state, vitals } = this.#options;
    const { version, collections } = state();
    const dropping = [...collections.dropping.keys()];
    const shards = new Map((await holder.shards()).map((held) => [held.shard, held]));
    const groups = host.groups();
    return {
      node: host.node,
      ...vitals(),
      catalogVersion: version,
      groups: groups.map((status) => reportOf(status, shards.get(shardOfGroup(status.group)))),
      swept: dropping.length === 0 ? [] : await holder.swept(dropping),
    };
  }
}

function reportOf(status: GroupStatus, held: HeldShard | undefined): GroupReport {
  if (status.state === 'corrupt') {
    return { state: 'corrupt', group: status.group, replica: status.replica };
  }
  const { group, raft, leaderNode, snapshotBytesReceived } = status;
  const { replica, role, term, appliedIndex, lastIndex, configuration, progress } = raft;
  return {
    state: 'open',
    group,
    replica,
    role,
    term,
    leaderNode,
    appliedIndex,
    lastIndex,
    configuration,
    progress,
    snapshotBytesReceived,
    isIndexed: group === CATALOG_GROUP || held?.isIndexed === true,
    points: held?.points ?? 0,
    bytes: held?.bytes ?? 0,
  };
}
