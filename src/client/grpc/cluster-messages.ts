/** The messages of `grape.v1.Cluster` that the command line uses; 64-bit integers in decimal, enums by name, what is not known absent. */

/** What the cluster is and how it is. */
export interface ClusterInfoMessage {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly leader?: string;
  readonly term: string;
  readonly catalogVersion: string;
  readonly shardCount: number;
  readonly replicaCount: number;
  readonly health: string;
  readonly reasons: readonly string[];
  readonly members: readonly {
    readonly nodeId: string;
    readonly raftAddress: string;
    readonly state: string;
    readonly status: string;
  }[];
  readonly isLive: boolean;
}

/** A node. */
export interface ClusterNodeMessage {
  readonly number: number;
  readonly nodeId: string;
  readonly raftAddress: string;
  readonly grpcAddress: string;
  readonly restAddress: string;
  readonly zone: string;
  readonly state: string;
  readonly status: string;
  readonly silentMs?: number;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly catalogRole: string;
  readonly replicas: number;
  readonly leaders: number;
  readonly points: string;
  readonly bytes: string;
  readonly memoryBytes: string;
  readonly diskFreeBytes?: string;
  readonly writable: boolean;
  readonly reasons: readonly string[];
}

/** A shard and where it is. */
export interface ClusterShardMessage {
  readonly shard: number;
  readonly epoch: string;
  readonly primary?: string;
  readonly term: string;
  readonly health: string;
  readonly replicas: readonly {
    readonly nodeId: string;
    readonly role: string;
    readonly entriesBehind?: string;
    readonly isIndexed: boolean;
  }[];
  readonly points: string;
  readonly bytes: string;
  readonly move?: string;
}

/** A move of a replica that is under way. */
export interface ClusterMoveMessage {
  readonly id: string;
  readonly shard: number;
  readonly reason: string;
  readonly step: string;
  readonly from?: string;
  readonly to?: string;
  readonly bytesSent: string;
  readonly bytesTotal: string;
  readonly entriesBehind?: string;
  readonly stepMs: number;
  readonly waitsFor: string;
}

/** What moves. */
export interface MigrationStatusMessage {
  readonly moves: readonly ClusterMoveMessage[];
  readonly movesPlanned: number;
  readonly movesEnded: string;
  readonly bytesMoved: string;
  readonly leaving: readonly string[];
}

/** How evenly replicas and leaders are spread. */
export interface RebalanceStatusMessage {
  readonly rebalancing: boolean;
  readonly balanced: boolean;
  readonly moves: readonly ClusterMoveMessage[];
  readonly movesPlanned: number;
  readonly nodes: readonly {
    readonly nodeId: string;
    readonly replicas: number;
    readonly leaders: number;
  }[];
}

/** What became of a node that is to be taken in. */
export interface JoinClusterMessage {
  readonly nodeId: string;
  readonly number: number;
  readonly alreadyMember: boolean;
  readonly rebalancing: boolean;
}

/** What became of a node that is to go. */
export interface LeaveClusterMessage {
  readonly nodeId: string;
  readonly state: string;
  readonly replicasLeft: number;
}
