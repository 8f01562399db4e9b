import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';

/** The zone of a node; nodes without one are in a zone of their own together. */
export function zonesOf({ nodes }: Pick<ClusterState, 'nodes'>): (node: NodeNumber) => string {
  return (node) => nodes.get(node)?.zone ?? '';
}
