import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import type { GroupId, GroupLog } from '../../raft/log/log-storage.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { ShardCommand } from '../../sharding/shard-command.ts';
import type { NodeCaller } from '../call/node-call.ts';
import type { NodeReport } from '../call/node-report.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';
import type { ShardHolder } from '../shard/shard-holder.ts';
import type { Formed } from './formation.ts';
import type { GuestDesk } from './guest-desk.ts';
import type { MembershipLog } from './membership-log.ts';
import type { IdentityStore } from './node-identity.ts';

/** What a node says of itself that Raft does not know. */
export type NodeVitals = Pick<
  NodeReport,
  'version' | 'writable' | 'reasons' | 'diskFreeBytes' | 'memoryBytes' | 'uptimeSeconds'
>;

/** Bounds of what the cluster does by itself. */
export interface MembershipSettings {
  /** Of a cluster that this node founds. */
  readonly shardCount: number;
  /** Of a cluster that this node founds. */
  readonly replicaCount: number;
  /** Milliseconds after which a node that is not heard of is replaced; `[cluster] replace_after_secs`. */
  readonly replaceAfterMs: number;
  /** Moves of shards at once in the whole cluster; `[cluster] moves_at_once`. */
  readonly movesMax: number;
  /** Part of the mean by which members' counts of replicas may differ before they are evened out without being asked; `[sharding] rebalance_threshold`. */
  readonly rebalanceThreshold: number;
  /** Entries that a replica may be behind and still become a voter or a leader. */
  readonly lagMax: number;
}

export interface MembershipOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: MembershipLog;
  readonly settings: MembershipSettings;
  /** Who this node is, from {@link Formation.form}. */
  readonly formed: Formed;
  readonly identities: IdentityStore;
  readonly desk: GuestDesk;
  /** `initial_peers` and `seed_nodes`: where others may be met when the catalog's addresses are old; `host:port` each. */
  readonly peers: readonly string[];
  readonly host: RaftHost;
  /** What the node's log knows of a group. */
  readonly groupLog: (group: GroupId) => GroupLog | undefined;
  /** The catalog as it is applied here. */
  readonly catalog: { readonly state: ClusterState };
  readonly caller: NodeCaller;
  readonly holder: ShardHolder;
  /** Proposes to the shard's leader, wherever it is. @throws {VectorDbError} */
  readonly proposeToShard: (
    shard: number,
    command: ShardCommand,
    signal: AbortSignal,
  ) => Promise<unknown>;
  readonly vitals: () => NodeVitals;
  /** This node was removed from its cluster, or its data is another cluster's than its peers': it must not serve. May be told more than once. */
  readonly onRemoved?: (why: string) => void;
  /** The node is gone for good: nothing goes to it or is taken from it any more. */
  readonly forgetPeer: (node: NodeNumber) => void;
}
