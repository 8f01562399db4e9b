import { VectorDbError } from '../base/error.ts';
import type { ClusterAdmin } from '../database/cluster-admin.ts';

/** The cluster that requests are about. @throws {VectorDbError} FAILED_PRECONDITION: the node is part of none */
export function clusterOf({
  cluster,
}: {
  readonly cluster?: ClusterAdmin | undefined;
}): ClusterAdmin {
  if (cluster !== undefined) return cluster;
  throw new VectorDbError('FAILED_PRECONDITION', 'this node is part of no cluster');
}
