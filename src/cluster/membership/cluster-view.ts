import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { MemberState, MoveReason, MoveStep } from '../catalog/cluster-state.ts';

/**
 * `green`: every shard has all its replicas and every member answers. `yellow`: everything can be read and written, with fewer replicas or nodes than there
 * should be. `red`: a shard, or the catalog, has no leader.
 */
export type ClusterHealth = 'green' | 'yellow' | 'red';

/** `unknown`: nobody who would know could be asked. */
export type NodeStatus = 'up' | 'down' | 'unknown';

/** `corrupt`: its data is damaged and it is silent. `absent`: assigned to the node, and not there yet. `unknown`: the node is not heard of. */
export type ReplicaRole = 'leader' | 'follower' | 'learner' | 'corrupt' | 'absent' | 'unknown';

/** A node of the cluster. */
export interface NodeView {
  readonly number: NodeNumber;
  readonly nodeId: string;
  /** `host:port` between nodes. */
  readonly raftAddress: string;
  /** `host:port` for clients; empty: not told. */
  readonly grpcAddress: string;
  /** `host:port` for clients; empty: not told. */
  readonly restAddress: string;
  /** Empty: none. */
  readonly zone: string;
  readonly state: MemberState;
  readonly status: NodeStatus;
  /** Milliseconds since it was heard last; undefined: never by who answers. */
  readonly silentMs: number | undefined;
  /** Of the program; empty: not known. */
  readonly version: string;
  readonly uptimeSeconds: number;
  /** What it does for the catalog. */
  readonly catalogRole: ReplicaRole;
  /** Replicas of shards that are assigned to it, and those of them that lead. */
  readonly replicas: number;
  readonly leaders: number;
  /** Over all its replicas. */
  readonly points: number;
  readonly bytes: number;
  readonly memoryBytes: number;
  /** Of the data's file system; undefined: not known. */
  readonly diskFreeBytes: number | undefined;
  /** False: it refuses writes; `reasons` say why. */
  readonly writable: boolean;
  readonly reasons: readonly string[];
}

/** A replica of a shard. */
export interface ReplicaView {
  readonly node: NodeNumber;
  readonly nodeId: string;
  readonly replica: number;
  readonly role: ReplicaRole;
  /** Log index up to which it has applied commands. */
  readonly appliedIndex: number;
  /** Entries that the leader has and it has not; undefined: not known. */
  readonly entriesBehind: number | undefined;
  /** All its points can be searched. */
  readonly isIndexed: boolean;
  readonly points: number;
  readonly bytes: number;
}

/** A shard and where it is. */
export interface ShardView {
  readonly shard: number;
  readonly epoch: number;
  /** Name of the node that leads it; undefined: nobody that is known. */
  readonly primary: string | undefined;
  readonly term: number;
  readonly health: ClusterHealth;
  /** Assigned ones and, while it moves, the one that comes; ascending by node. */
  readonly replicas: readonly ReplicaView[];
  /** As its leader has them, or else the largest of its replicas. */
  readonly points: number;
  readonly bytes: number;
  /** The move that is under way; undefined: none. */
  readonly move: number | undefined;
}

/** A move that is under way. */
export interface MoveView {
  readonly id: number;
  readonly shard: number;
  readonly reason: MoveReason;
  readonly step: MoveStep;
  /** Name of the node whose replica goes; undefined: none does. */
  readonly from: string | undefined;
  /** Name of the node that a replica comes to; undefined: none does. */
  readonly to: string | undefined;
  /** Bytes of the shard that have arrived, of about `bytesTotal`. */
  readonly bytesSent: number;
  readonly bytesTotal: number;
  /** Entries that the new replica does not have yet; undefined: not known. */
  readonly entriesBehind: number | undefined;
  /** Milliseconds since the leader that answers saw this step begin. */
  readonly stepMs: number;
  /** What it waits for; empty: nothing in particular. */
  readonly waitsFor: string;
}

/** What `GET /cluster/info` says. */
export interface ClusterInfo {
  readonly clusterId: string;
  /** Name of the node that answers. */
  readonly nodeId: string;
  /** Name of the node that leads the catalog; undefined: nobody that is known. */
  readonly leader: string | undefined;
  /** Of the catalog's group. */
  readonly term: number;
  /** Of the catalog: one more with each change of nodes, shards, moves or collections. */
  readonly catalogVersion: number;
  readonly shardCount: number;
  readonly replicaCount: number;
  readonly health: ClusterHealth;
  /** Why it is not green; for people. */
  readonly reasons: readonly string[];
  /** Those that are not gone. */
  readonly members: readonly {
    readonly nodeId: string;
    readonly raftAddress: string;
    readonly state: MemberState;
    readonly status: NodeStatus;
  }[];
  /** False: the leader could not be asked, and what is said is what this node remembers. */
  readonly isLive: boolean;
}

/** What `GET /cluster/migration/status` says. */
export interface MigrationStatus {
  readonly moves: readonly MoveView[];
  /** Moves that are to follow, as of now. */
  readonly movesPlanned: number;
  /** Moves that ended since the catalog's present leader leads. */
  readonly movesEnded: number;
  /** Bytes of snapshots that arrived by moves in that time; what was written meanwhile comes by the log. */
  readonly bytesMoved: number;
  /** Names of nodes that give their replicas up. */
  readonly leaving: readonly string[];
}

/** What `GET /cluster/rebalance/status` says. */
export interface RebalanceStatus {
  /** Whether counts of replicas are being evened out. */
  readonly rebalancing: boolean;
  /** Whether no node has two replicas, or leaders, more than another. */
  readonly balanced: boolean;
  readonly moves: readonly MoveView[];
  readonly movesPlanned: number;
  readonly nodes: readonly {
    readonly nodeId: string;
    readonly replicas: number;
    readonly leaders: number;
  }[];
}

/** All that the catalog's leader knows, at one moment. */
export interface ClusterView {
  readonly info: ClusterInfo;
  /** Ascending by number, gone ones left out. */
  readonly nodes: readonly NodeView[];
  readonly shards: readonly ShardView[];
  readonly migration: MigrationStatus;
  readonly rebalance: RebalanceStatus;
}

/** What a request to join came to. */
export interface JoinResult {
  readonly nodeId: string;
  readonly number: NodeNumber;
  /** True: it had joined by itself before. */
  readonly alreadyMember: boolean;
  readonly rebalancing: boolean;
}

/** What a request to leave came to. */
export interface LeaveResult {
  readonly nodeId: string;
  readonly state: MemberState;
  /** Replicas that it still has to give up. */
  readonly replicasLeft: number;
}
