import type { Clock } from '../../base/clock.ts';
import { toVectorDbError } from '../../base/error.ts';
import type { GroupStatus } from '../../raft/host/group-status.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import type { GroupReport, NodeReport } from '../call/node-report.ts';
import { CATALOG_GROUP, type ClusterState, shardOfGroup } from '../catalog/cluster-state.ts';
import type { HeldShard, ShardHolder } from '../shard/shard-holder.ts';
import type { MembershipLog } from './membership-log.ts';
import type { NodeVitals } from './membership-options.ts';

export interface NodeReporterOptions {
  readonly clock: Clock;
  readonly host: Pick<RaftHost, 'node' | 'groups'>;
  readonly holder: Pick<ShardHolder, 'shards' | 'swept' | 'readable'>;
  readonly state: () => ClusterState;
  readonly vitals: () => NodeVitals;
  readonly log: MembershipLog;
}

/** What the node's data says of itself, when it has time to. */
interface Measured {
  readonly shards: ReadonlyMap<number, HeldShard>;
  readonly swept: ReadonlySet<number>;
}

const MEASURE_MS = 1_000;

/** Says how this node is, at once: a node whose data is busy is not silent. Sizes are those of a moment ago. */
export class NodeReporter {
  readonly #options: NodeReporterOptions;
  #measured: Measured = { shards: new Map(), swept: new Set() };
  #isMeasuring = false;
  #measureAtMs = -Infinity;

  constructor(options: NodeReporterOptions) {
    this.#options = options;
  }

  report(): NodeReport {
    const { host, holder, state, vitals } = this.#options;
    const { version, collections } = state();
    const dropping = [...collections.dropping.keys()];
    void this.#measure(dropping);
    const { shards, swept } = this.#measured;
    return {
      node: host.node,
      ...vitals(),
      catalogVersion: version,
      groups: host.groups().map((status) => {
        const shard = shardOfGroup(status.group);
        const isIndexed = status.group === CATALOG_GROUP || holder.readable.has(shard);
        return reportOf(status, isIndexed, shards.get(shard));
      }),
      swept: dropping.filter((collection) => swept.has(collection)),
    };
  }

  /** Asks the data anew, unless it has been asked a moment ago or is still busy with that. */
  async #measure(dropping: readonly number[]): Promise<void> {
    const { clock, holder, log } = this.#options;
    if (this.#isMeasuring || clock.monotonicMs() < this.#measureAtMs) return;
    this.#isMeasuring = true;
    try {
      const [shards, swept] = await Promise.all([holder.shards(), holder.swept(dropping)]);
      this.#measured = {
        shards: new Map(shards.map((held) => [held.shard, held])),
        swept: new Set(swept),
      };
    } catch (error) {
      // A shard that comes or goes just now, or a node that stops: the last sizes stand.
      log('warn', 'could not measure the shards', { reason: toVectorDbError(error).message });
    }
    this.#isMeasuring = false;
    this.#measureAtMs = clock.monotonicMs() + MEASURE_MS;
  }
}

function reportOf(
  status: GroupStatus,
  isIndexed: boolean,
  held: HeldShard | undefined,
): GroupReport {
  if (status.state === 'corrupt') {
    return { state: 'corrupt', group: status.group, replica: status.replica };
  }
  const { group, raft, leaderNode, snapshotBytesReceived, snapshotCounts } = status;
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
    snapshotBytesTaken: snapshotCounts.bytesTaken,
    isIndexed,
    points: held?.points ?? 0,
    bytes: held?.bytes ?? 0,
  };
}
