/* Made from proto/grape/v1/grape.proto by scripts/generate-grpc-types.ts; not edited by hand. */

/* Every field may be absent, as it may on the wire. 64-bit integers are read as decimal text. */

export type ClusterHealth =
  | 'CLUSTER_HEALTH_UNSPECIFIED'
  /* Every replica is there and every member answers. */
  | 'CLUSTER_HEALTH_GREEN'
  /* Everything can be read and written, with fewer replicas or nodes than there should be. */
  | 'CLUSTER_HEALTH_YELLOW'
  /* A shard, or the catalog, has no leader. */
  | 'CLUSTER_HEALTH_RED'
  | number;
export type MemberState =
  | 'MEMBER_STATE_UNSPECIFIED'
  | 'MEMBER_STATE_MEMBER'
  /* It gives its replicas up. */
  | 'MEMBER_STATE_LEAVING'
  | 'MEMBER_STATE_GONE'
  | number;
export type NodeStatus =
  | 'NODE_STATUS_UNSPECIFIED'
  | 'NODE_STATUS_UP'
  | 'NODE_STATUS_DOWN'
  /* No node that would know could be asked. */
  | 'NODE_STATUS_UNKNOWN'
  | number;
export type ReplicaRole =
  | 'REPLICA_ROLE_UNSPECIFIED'
  | 'REPLICA_ROLE_LEADER'
  | 'REPLICA_ROLE_FOLLOWER'
  /* It catches up and has no vote. */
  | 'REPLICA_ROLE_LEARNER'
  /* Its data is damaged and it is silent. */
  | 'REPLICA_ROLE_CORRUPT'
  /* Assigned to the node, and not there yet. */
  | 'REPLICA_ROLE_ABSENT'
  /* The node is not heard of. */
  | 'REPLICA_ROLE_UNKNOWN'
  | number;
export interface ClusterInfoRequest {}
export interface ClusterInfoResponse {
  readonly clusterId?: string | undefined;
  /* The node that answers. */
  readonly nodeId?: string | undefined;
  /* The node that leads the catalog; absent: none that is known. */
  readonly leader?: string | undefined;
  /* Of the catalog's group. */
  readonly term?: string | number | undefined;
  /* One more with each change of nodes, shards, moves or collections. */
  readonly catalogVersion?: string | number | undefined;
  readonly shardCount?: number | undefined;
  readonly replicaCount?: number | undefined;
  readonly health?: ClusterHealth | undefined;
  /* Why it is not green. */
  readonly reasons?: readonly string[] | undefined;
  /* Nodes that are not gone. */
  readonly members?: readonly ClusterMember[] | undefined;
  /* False: the leader could not be asked, and this is what the answering node remembers. */
  readonly isLive?: boolean | undefined;
}
export interface ClusterMember {
  readonly nodeId?: string | undefined;
  /* `host:port` between nodes. */
  readonly raftAddress?: string | undefined;
  readonly state?: MemberState | undefined;
  readonly status?: NodeStatus | undefined;
}
export interface ClusterNodesRequest {}
export interface ClusterNodesResponse {
  readonly nodes?: readonly ClusterNode[] | undefined;
}
export interface ClusterNode {
  /* 1 and up, in the order of joining; never used again. */
  readonly number?: number | undefined;
  readonly nodeId?: string | undefined;
  /* `host:port` between nodes. */
  readonly raftAddress?: string | undefined;
  /* `host:port` of gRPC; empty: not told. */
  readonly grpcAddress?: string | undefined;
  /* `host:port` of REST; empty: not told. */
  readonly restAddress?: string | undefined;
  /* Empty: none. */
  readonly zone?: string | undefined;
  readonly state?: MemberState | undefined;
  readonly status?: NodeStatus | undefined;
  /* Milliseconds since it was heard last; absent: never. */
  readonly silentMs?: number | undefined;
  readonly version?: string | undefined;
  readonly uptimeSeconds?: number | undefined;
  /* What it does for the catalog. */
  readonly catalogRole?: ReplicaRole | undefined;
  /* Replicas of shards that are assigned to it. */
  readonly replicas?: number | undefined;
  /* Replicas that lead. */
  readonly leaders?: number | undefined;
  /* Over all its replicas. */
  readonly points?: string | number | undefined;
  readonly bytes?: string | number | undefined;
  readonly memoryBytes?: string | number | undefined;
  /* Of the data's file system; absent: not known. */
  readonly diskFreeBytes?: string | number | undefined;
  readonly writable?: boolean | undefined;
  /* Why it refuses writes, or is not ready. */
  readonly reasons?: readonly string[] | undefined;
}
export interface ClusterShardsRequest {}
export interface ClusterShardsResponse {
  readonly shards?: readonly ClusterShard[] | undefined;
}
export interface ClusterShard {
  readonly shard?: number | undefined;
  /* One more with each change of its replicas. */
  readonly epoch?: string | number | undefined;
  /* The node that leads it; absent: none that is known. */
  readonly primary?: string | undefined;
  readonly term?: string | number | undefined;
  readonly health?: ClusterHealth | undefined;
  readonly replicas?: readonly ClusterReplica[] | undefined;
  readonly points?: string | number | undefined;
  readonly bytes?: string | number | undefined;
  /* The move that is under way; absent: none. */
  readonly move?: string | number | undefined;
}
export interface ClusterReplica {
  readonly node?: number | undefined;
  readonly nodeId?: string | undefined;
  readonly replica?: string | number | undefined;
  readonly role?: ReplicaRole | undefined;
  /* Log index up to which it has applied commands. */
  readonly appliedIndex?: string | number | undefined;
  /* Entries that the leader has and it has not; absent: not known. */
  readonly entriesBehind?: string | number | undefined;
  /* Whether all its points can be searched. */
  readonly isIndexed?: boolean | undefined;
  readonly points?: string | number | undefined;
  readonly bytes?: string | number | undefined;
}
export interface JoinClusterRequest {
  /* Required. */
  readonly nodeId?: string | undefined;
  /* One of its addresses, `host:port`; empty: wherever it is. */
  readonly address?: string | undefined;
}
export interface JoinClusterResponse {
  readonly nodeId?: string | undefined;
  readonly number?: number | undefined;
  /* Whether it had joined by itself before. */
  readonly alreadyMember?: boolean | undefined;
  readonly rebalancing?: boolean | undefined;
}
export interface LeaveClusterRequest {
  /* Required. */
  readonly nodeId?: string | undefined;
  /* Keep it after all. */
  readonly cancel?: boolean | undefined;
}
export interface LeaveClusterResponse {
  readonly nodeId?: string | undefined;
  readonly state?: MemberState | undefined;
  /* Replicas that it still has to give up. */
  readonly replicasLeft?: number | undefined;
}
export type MoveReason =
  | 'MOVE_REASON_UNSPECIFIED'
  /* Too few replicas. */
  | 'MOVE_REASON_REPAIR'
  /* Of a node that is gone, or damaged. */
  | 'MOVE_REASON_REPLACE'
  /* Of a leaving node. */
  | 'MOVE_REASON_DRAIN'
  /* Counts are evened out. */
  | 'MOVE_REASON_REBALANCE'
  /* Too many replicas. */
  | 'MOVE_REASON_TRIM'
  | number;
export type MoveStep =
  | 'MOVE_STEP_UNSPECIFIED'
  /* The new replica catches up. */
  | 'MOVE_STEP_ADDING'
  /* The new replica gets its vote and the old one loses it. */
  | 'MOVE_STEP_SWITCHING'
  /* The old replica is deleted. */
  | 'MOVE_STEP_REMOVING'
  /* The new replica is taken out again. */
  | 'MOVE_STEP_CANCELLING'
  | number;
export interface ClusterMove {
  readonly id?: string | number | undefined;
  readonly shard?: number | undefined;
  readonly reason?: MoveReason | undefined;
  readonly step?: MoveStep | undefined;
  /* The node whose replica goes; absent: none does. */
  readonly from?: string | undefined;
  /* The node that a replica comes to; absent: none does. */
  readonly to?: string | undefined;
  readonly bytesSent?: string | number | undefined;
  /* About so many are to arrive. */
  readonly bytesTotal?: string | number | undefined;
  /* Entries that the new replica does not have yet; absent: not known. */
  readonly entriesBehind?: string | number | undefined;
  /* How long this step has taken so far. */
  readonly stepMs?: number | undefined;
  /* What it waits for; empty: nothing in particular. */
  readonly waitsFor?: string | undefined;
}
export interface MigrationStatusRequest {}
export interface MigrationStatusResponse {
  readonly moves?: readonly ClusterMove[] | undefined;
  /* Moves that are to follow, as of now. */
  readonly movesPlanned?: number | undefined;
  /* Moves that ended since the catalog's present leader leads. */
  readonly movesEnded?: string | number | undefined;
  /* Bytes that arrived by moves in that time. */
  readonly bytesMoved?: string | number | undefined;
  /* Nodes that give their replicas up. */
  readonly leaving?: readonly string[] | undefined;
}
export interface RebalanceRequest {
  /* Begin no further moves. */
  readonly cancel?: boolean | undefined;
}
export interface RebalanceStatusRequest {}
export interface RebalanceStatusResponse {
  /* Whether counts are being evened out. */
  readonly rebalancing?: boolean | undefined;
  /* Whether no node has two replicas, or leaders, more than another. */
  readonly balanced?: boolean | undefined;
  readonly moves?: readonly ClusterMove[] | undefined;
  /* Moves that are to follow, as of now. */
  readonly movesPlanned?: number | undefined;
  readonly nodes?: readonly NodeLoad[] | undefined;
}
export interface NodeLoad {
  readonly nodeId?: string | undefined;
  readonly replicas?: number | undefined;
  readonly leaders?: number | undefined;
}
