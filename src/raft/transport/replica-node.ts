import type { ReplicaId } from '../core/configuration.ts';
import type { NodeNumber } from './transport.ts';

/** Ids of replicas that a node has: one after the other, as its replicas of a group are replaced. */
export const GENERATIONS = 2 ** 20;

/** The node that a replica is on; 0 for no replica. */
export function nodeOf(replica: ReplicaId): NodeNumber {
  return Math.floor(replica / GENERATIONS);
}
