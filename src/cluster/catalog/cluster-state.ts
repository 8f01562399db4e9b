import type { ReplicaId } from '../../raft/core/configuration.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import { type CatalogState, EMPTY_CATALOG } from '../../sharding/catalog-state.ts';

/** A group of its own, on every node: what all nodes agree on. */
export const CATALOG_GROUP = 1;
/** The group of shard 0. */
export const FIRST_SHARD_GROUP = 2;

/** The Raft group of a shard. */
export const groupOfShard = (shard: number): number => shard + FIRST_SHARD_GROUP;
/** The shard of a Raft group other than the catalog's. */
export const shardOfGroup = (group: number): number => group - FIRST_SHARD_GROUP;
/** What people call a group. */
export const groupText = (group: number): string =>
  group === CATALOG_GROUP ? 'the catalog' : `shard ${shardOfGroup(group)}`;

/**
 * `member`: takes replicas. `leaving`: gives its replicas up and goes. `gone`: was removed, left, or was replaced by a new beginning of the same name; its
 * number is never used again.
 */
export const MEMBER_STATES = ['member', 'leaving', 'gone'] as const;
export type MemberState = (typeof MEMBER_STATES)[number];

/** A node as the cluster knows it. */
export interface MemberNode {
  /** 1 and up, in the order of joining. */
  readonly number: NodeNumber;
  /** Its name, as `[cluster] node_id` says; of those that are not gone, no two have the same. */
  readonly nodeId: string;
  /** `host:port` of the port between nodes. */
  readonly raftAddress: string;
  /** `host:port` of gRPC for clients; empty: not told. */
  readonly grpcAddress: string;
  /** `host:port` of REST for clients; empty: not told. */
  readonly restAddress: string;
  /** Availability zone; empty: none. */
  readonly zone: string;
  /** Drawn by the node when its folder was new: tells a wiped node from the one before it. */
  readonly incarnation: string;
  readonly state: MemberState;
}

/** A replica that a shard's group has, or is to have. */
export interface ReplicaPlacement {
  readonly node: NodeNumber;
  readonly replica: ReplicaId;
}

/** Where a shard is. */
export interface ShardPlacement {
  /** One more with each change of `replicas`; 1 when the cluster is founded. */
  readonly epoch: number;
  /** The voters, as of the last joint change that is known to be applied; ascending by node. A node has at most one. */
  readonly replicas: readonly ReplicaPlacement[];
  /** The next generation of a replica on a node that has or had one: by node. A replica id is never used twice. */
  readonly generations: ReadonlyMap<NodeNumber, number>;
}

/** Why replicas move. `repair`: too few; `replace`: of a node that is gone or damaged; `drain`: of a leaving node; `rebalance`: counts; `trim`: too many. */
export const MOVE_REASONS = ['repair', 'replace', 'drain', 'rebalance', 'trim'] as const;
export type MoveReason = (typeof MOVE_REASONS)[number];

/**
 * `adding`: the new replica begins as a learner and catches up; where none comes, those that stay have to answer. `switching`: the joint change that makes the
 * new one a voter and the old one none. `removing`: a majority of the new voters applied the change; the placement says so already, and the old replica's data is
 * being deleted. `cancelling`: the learner is taken out again.
 */
export const MOVE_STEPS = ['adding', 'switching', 'removing', 'cancelling'] as const;
export type MoveStep = (typeof MOVE_STEPS)[number];

/** A change of a shard's replicas that is under way; at most one a shard. */
export interface Move {
  /** 1 and up. */
  readonly id: number;
  readonly shard: number;
  readonly reason: MoveReason;
  readonly step: MoveStep;
  /** The replica that comes. */
  readonly add?: ReplicaPlacement;
  /** The replica that goes; on the node of `add` where a damaged replica is made anew. */
  readonly remove?: ReplicaPlacement;
}

/** How many copies of what; fixed when the cluster is founded, but for `replicaCount`. */
export interface ClusterSettings {
  readonly shardCount: number;
  readonly replicaCount: number;
}

/** All that the nodes of a cluster agree on; never changed, only replaced. */
export interface ClusterState {
  /** One more with each command that changed something. */
  readonly version: number;
  /** Empty until the cluster is founded. */
  readonly clusterId: string;
  readonly settings: ClusterSettings;
  readonly nextNode: NodeNumber;
  /** By number; of those that are gone and have no replica, the last few. */
  readonly nodes: ReadonlyMap<NodeNumber, MemberNode>;
  /** By shard. */
  readonly shards: readonly ShardPlacement[];
  readonly nextMove: number;
  /** By id; those that ended are not kept. */
  readonly moves: ReadonlyMap<number, Move>;
  /** Whether counts of replicas are being evened out: set by a request, cleared when nothing is left to move. */
  readonly rebalancing: boolean;
  /** Collections and aliases. */
  readonly collections: CatalogState;
}

/** Before anything was agreed on. */
export const EMPTY_CLUSTER: ClusterState = {
  version: 0,
  clusterId: '',
  settings: { shardCount: 0, replicaCount: 0 },
  nextNode: 1,
  nodes: new Map(),
  shards: [],
  nextMove: 1,
  moves: new Map(),
  rebalancing: false,
  collections: EMPTY_CATALOG,
};
