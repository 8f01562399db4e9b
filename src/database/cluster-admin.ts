import type {
  ClusterInfo,
  JoinResult,
  LeaveResult,
  MigrationStatus,
  NodeView,
  RebalanceStatus,
  ShardView,
} from '../cluster/membership/cluster-view.ts';

export type {
  ClusterHealth,
  ClusterInfo,
  JoinResult,
  LeaveResult,
  MigrationStatus,
  MoveView,
  NodeStatus,
  NodeView,
  RebalanceStatus,
  ReplicaRole,
  ReplicaView,
  ShardView,
} from '../cluster/membership/cluster-view.ts';

/**
 * What can be seen and asked of the cluster, on any of its nodes; a single node is a cluster of one. Views are of the catalog's leader, or, where it cannot be
 * asked, what the answering node remembers. Changes may throw UNAVAILABLE: the catalog has no leader that could be reached.
 */
export interface ClusterAdmin {
  info(): Promise<ClusterInfo>;
  /** Ascending by number; those that are gone are left out. */
  nodes(): Promise<readonly NodeView[]>;
  /** Ascending by shard. */
  shards(): Promise<readonly ShardView[]>;
  /**
   * Has a node's share of replicas moved to it. The node joins by itself, as its configuration says; asking again changes nothing.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION: the node has not joined, or is at another address
   */
  join(request: { readonly nodeId: string; readonly address: string }): Promise<JoinResult>;
  /**
   * Has a node give its replicas up and go; `cancel` keeps it.
   *
   * @throws {VectorDbError} NOT_FOUND: there is no such node; FAILED_PRECONDITION: it is the last one
   */
  leave(request: {
    readonly nodeId: string;
    readonly cancel?: boolean | undefined;
  }): Promise<LeaveResult>;
  /** Begins to even out how many replicas nodes have. */
  rebalance(): Promise<RebalanceStatus>;
  /** Begins no further moves for evenness; those under way end. */
  cancelRebalance(): Promise<RebalanceStatus>;
  migrationStatus(): Promise<MigrationStatus>;
  rebalanceStatus(): Promise<RebalanceStatus>;
}
