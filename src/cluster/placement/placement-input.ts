import type { ReplicaId } from '../../raft/core/configuration.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';

/**
 * How a node is, by whoever listens to it. `silent`: it has missed reports; it gets nothing new, and keeps what it has. `lost`: silent for so long that its
 * replicas are to be replaced.
 */
export type NodeCondition = 'alive' | 'silent' | 'lost';

/** How much may move at once. */
export interface PlacementLimits {
  /** Moves in the cluster. */
  readonly movesMax: number;
  /** Replicas that one node takes at once. */
  readonly arrivalsMax: number;
  /** Replicas that one node gives up at once. */
  readonly departuresMax: number;
}

/** Little enough that requests are hardly slower meanwhile. */
export const DEFAULT_PLACEMENT_LIMITS: PlacementLimits = {
  movesMax: 2,
  arrivalsMax: 1,
  departuresMax: 1,
};

/** All that placement is decided by. */
export interface PlacementInput {
  readonly state: ClusterState;
  /** Of nodes that are not gone; absent: alive. */
  readonly conditions: ReadonlyMap<NodeNumber, NodeCondition>;
  /** Replicas that are damaged, or placed on a node which is heard of and has not got them: by {@link replicaKey}. */
  readonly corrupt: ReadonlySet<string>;
  /** Shards without points and with a few entries in their logs; absent: none is known to be so. */
  readonly empty?: ReadonlySet<number>;
  readonly limits?: PlacementLimits;
}

/** A shard's replica as a member of a set. */
export function replicaKey(shard: number, replica: ReplicaId): string {
  return `${shard}/${replica}`;
}

/** How a node is. */
export function conditionOf(
  { conditions }: Pick<PlacementInput, 'conditions'>,
  node: NodeNumber,
): NodeCondition {
  return conditions.get(node) ?? 'alive';
}

/** Members that are alive: those that may get something; ascending. */
export function takers({
  state,
  conditions,
}: Pick<PlacementInput, 'state' | 'conditions'>): readonly NodeNumber[] {
  return [...state.nodes.values()]
    .filter(
      (node) => node.state === 'member' && conditionOf({ conditions }, node.number) === 'alive',
    )
    .map(({ number }) => number)
    .toSorted((a, b) => a - b);
}
