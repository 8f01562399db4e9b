import { assert } from '../../base/assert.ts';
import type { ReplicaId } from '../core/configuration.ts';
import { GENERATIONS } from '../transport/replica-node.ts';
import type { NodeNumber } from '../transport/transport.ts';

export { nodeOf } from '../transport/replica-node.ts';

const NODES_MAX = 2 ** 32;

/**
 * The id of a group's replica on a node. A node that lost its data, or gave a replica up, comes back under a larger generation, so that
 * nobody takes it for the one that voted and acknowledged before.
 *
 * @param node - 1 … 2³²−1
 * @param generation - 0 … 2²⁰−1
 */
export function replicaId(node: NodeNumber, generation: number): ReplicaId {
  assert(Number.isInteger(node) && node >= 1 && node < NODES_MAX, `node ${node}`);
  assert(
    Number.isInteger(generation) && generation >= 0 && generation < GENERATIONS,
    `generation ${generation}`,
  );
  return node * GENERATIONS + generation;
}

/** How many replicas of the group were on the node before this one, at most. */
export function generationOf(replica: ReplicaId): number {
  return replica % GENERATIONS;
}
