import { fields, flag, integer, list, oneOf, optional, text } from '../call/wire-shape.ts';
import {
  type ClusterSettings,
  type ClusterState,
  MEMBER_STATES,
  type MemberNode,
  type Move,
  MOVE_REASONS,
  MOVE_STEPS,
  type ReplicaPlacement,
  type ShardPlacement,
} from './cluster-state.ts';
import { catalogState } from './collection-shapes.ts';
import { keyed, ordered } from './ordered-shapes.ts';
import { VersionedPack } from './versioned-pack.ts';

const node = fields<MemberNode>({
  number: integer,
  nodeId: text,
  raftAddress: text,
  grpcAddress: text,
  restAddress: text,
  zone: text,
  incarnation: text,
  state: oneOf(...MEMBER_STATES),
});

const replica = fields<ReplicaPlacement>({ node: integer, replica: integer });

const shard = fields<ShardPlacement>({
  epoch: integer,
  replicas: list(replica),
  generations: ordered(integer, integer),
});

const move = fields<Move>({
  id: integer,
  shard: integer,
  reason: oneOf(...MOVE_REASONS),
  step: oneOf(...MOVE_STEPS),
  add: optional(replica),
  remove: optional(replica),
});

const state = fields<ClusterState>({
  version: integer,
  clusterId: text,
  settings: fields<ClusterSettings>({ shardCount: integer, replicaCount: integer }),
  nextNode: integer,
  nodes: keyed(node, ({ number }) => number),
  shards: list(shard),
  nextMove: integer,
  moves: keyed(move, ({ id }) => id),
  rebalancing: flag,
  collections: catalogState,
});

const pack = new VersionedPack(1, 'the state of the cluster', state);

/** The state's bytes, as docs/formats/cluster-state.md says: equal states have equal bytes, however they came about. In memory of their own. */
export function encodeClusterState(value: ClusterState): Uint8Array {
  return pack.encode(value);
}

/** @throws {VectorDbError} DATA_CORRUPT */
export function decodeClusterState(bytes: Uint8Array): ClusterState {
  return pack.decode(bytes);
}
